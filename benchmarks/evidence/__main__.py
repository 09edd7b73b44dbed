"""Trains experiments, and goes on where it was interrupted; writes what is known after every block. example:
python -m benchmarks.evidence length ladder --train-file train.tsv --work DIR --results results --title sst-2
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.record import record
from search.cli.progress import progress_on_stderr
from search.folder.lock import locked
from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import machine_of
from search.job.settings import DataSettings, MachineSettings, ModelSettings

from .cell import Experiment
from .conduct import conduct
from .experiments import EXPERIMENTS
from .held_out import hold_out
from .laboratory import Laboratory, Setting
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
    parser.add_argument("--cohort-size", type=int, help="runs that share a forward pass")
    parser.add_argument("--work", type=Path, required=True, help="keeps the runs, outside of the repository")
    parser.add_argument(
        "--results", type=Path, help="gets pages, tables and pictures (default: the work folder)"
    )
    parser.add_argument("--title", default="", help="of the task: a folder in that of each experiment")
    parser.add_argument("--report", action="store_true", help="train nothing, write what is known")
    return parser.parse_args()


def laboratory_of(args: argparse.Namespace) -> Laboratory:
    """The model and the rows, loaded; by one thread."""
    train, report = (
        (args.train_file, args.eval_file) if args.eval_file else hold_out(args.train_file, args.work)
    )
    data = DataSettings(
        train_file=train, eval_file=report, train_rows=args.train_rows, eval_rows=args.eval_rows
    )
    machine = machine_of(MachineSettings(device="cpu", cohort_size=args.cohort_size, threads=1))
    ground = Ground(load_inputs(ModelSettings(args.model), data), machine)
    setting = Setting(epochs=args.epochs)
    return Laboratory(ground, setting, args.work, progress=progress_on_stderr(quiet=True))


def written(experiment: Experiment, laboratory: Laboratory, folder: Path) -> None:
    """Writes what is known, and beside it what made it."""
    write_report(experiment, laboratory, folder)
    if folder.exists():
        task, recipe = laboratory.job.task, laboratory.job.recipe
        rows = {"train": len(task.train), "tune": len(task.validation), "report": len(task.test)}
        record("benchmarks.evidence", "cpu", {"rows": rows, "recipe": asdict(recipe)}, folder / "made.json")


def run(args: argparse.Namespace) -> None:
    """Trains what is missing, and writes what is known after every block."""
    laboratory = laboratory_of(args)
    for name in args.experiment:
        experiment = EXPERIMENTS[name]
        write = partial(written, experiment, laboratory, (args.results or args.work) / name / args.title)
        if not args.report:
            conduct(experiment, laboratory, after_block=write)
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
