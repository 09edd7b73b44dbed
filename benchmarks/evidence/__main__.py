"""Trains experiments, and goes on where it was interrupted; writes what is known after every block. example:
python -m benchmarks.evidence length ladder --train-file train.tsv --work DIR --results results --title sst-2
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from pathlib import Path

from benchmarks.record import record
from search.cli.progress import progress_on_stderr
from search.folder.lock import locked
from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import Machine, machine_of
from search.job.settings import DataSettings, MachineSettings, ModelSettings

from .conduct import conduct
from .experiments import EXPERIMENTS
from .held_out import hold_out
from .laboratory import Laboratory, Setting
from .recalled import MADE, Recalled
from .report import write_report


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("experiment", nargs="+", choices=EXPERIMENTS, help="trained one after the other")
    parser.add_argument("--model", help="folder or hub name (default: the embedded MiniLM)")
    parser.add_argument("--train-file", type=Path, required=True)
    parser.add_argument(
        "--eval-file", type=Path, help="rows to report on (default: 5 %% of the training file, held out)"
    )
    parser.add_argument("--train-rows", type=int, default=2048)
    parser.add_argument(
        "--eval-rows", type=int, default=1500, help="to tune by and to report on each, at most"
    )
    parser.add_argument("--epochs", type=float, default=Setting().epochs)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, help="processes that train")
    parser.add_argument("--cohort-size", type=int, help="runs that share a forward pass")
    parser.add_argument(
        "--together", action="store_true", help="all blocks at once, as fills a GPU (default: one by one)"
    )
    parser.add_argument("--blocks", type=int, help="of each experiment the first so many (default: all)")
    parser.add_argument("--work", type=Path, required=True, help="keeps the runs, outside of the repository")
    parser.add_argument(
        "--results", type=Path, help="gets pages, tables and pictures (default: the work folder)"
    )
    parser.add_argument(
        "--known",
        type=Path,
        nargs="*",
        default=(),
        help="folders with runs.csv and tuning.csv on the same rows: what they have is not trained again",
    )
    parser.add_argument("--title", default="", help="of the task: a folder in that of each experiment")
    parser.add_argument("--report", action="store_true", help="train nothing, write what is known")
    return parser.parse_args()


def machine_for(args: argparse.Namespace) -> Machine:
    """Where runs train; by one thread a process."""
    settings = MachineSettings(device=args.device, jobs=args.jobs, cohort_size=args.cohort_size, threads=1)
    return machine_of(settings)


def laboratory_of(args: argparse.Namespace, machine: Machine) -> Laboratory:
    """The model and the rows, loaded."""
    train, report = (
        (args.train_file, args.eval_file) if args.eval_file else hold_out(args.train_file, args.work)
    )
    data = DataSettings(
        train_file=train, eval_file=report, train_rows=args.train_rows, eval_rows=args.eval_rows
    )
    ground = Ground(load_inputs(ModelSettings(args.model), data), machine)
    setting = Setting(epochs=args.epochs)
    recalled, progress = Recalled(args.known), progress_on_stderr(quiet=True)
    return Laboratory(ground, setting, args.work, recalled=recalled, progress=progress)


def write_all(args: argparse.Namespace, laboratory: Laboratory) -> None:
    """What is known of the experiments, and beside it what made it."""
    for name in args.experiment:
        folder = (args.results or args.work) / name / args.title
        write_report(EXPERIMENTS[name], laboratory, folder)
        if folder.exists() and not args.report:
            record("benchmarks.evidence", args.device, laboratory.made, folder / MADE)


def run(args: argparse.Namespace) -> None:
    """Trains what is missing, and writes what is known after every block."""
    blocks = [block for name in args.experiment for block in EXPERIMENTS[name].blocks[: args.blocks]]
    if args.together:
        blocks = [tuple(dict.fromkeys(cell for block in blocks for cell in block))]
    with machine_for(args).opened() as machine:
        laboratory = laboratory_of(args, machine)
        write = partial(write_all, args, laboratory)
        if not args.report:
            conduct(blocks, laboratory, after_block=write)
        write()


def main() -> None:
    """One process at a time: rows, picks and runs are written into one folder."""
    args = parsed()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("search.job").setLevel(logging.WARNING)
    args.work.mkdir(parents=True, exist_ok=True)
    with locked(args.work, another="wait for it, or give another --work"):
        run(args)


if __name__ == "__main__":
    main()
