"""Runs searches side by side, and goes on where it was interrupted. example:
python -m benchmarks.anytime --train-file train.tsv --eval-file dev.tsv --work anytime --output anytime.json
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.contest import contest_of
from benchmarks.record import record
from benchmarks.search_setting import SearchSetting

from .arms import ARMS, run_on_task, trials_file
from .ended_trial import EndedTrial, read_trials
from .plot import draw_medians
from .summary import summary_of


def trials_of(args: argparse.Namespace) -> dict[str, list[list[EndedTrial]]]:
    """Of every arm a search for each seed, run as far as asked."""
    arms, searches = args.arms.split(","), range(args.seeds)
    if not args.only_report:
        setting = SearchSetting()
        bench = setting.bench(args.train_file, args.eval_file)
        contest = contest_of(bench, setting)
        for seed in searches:
            for arm in arms:
                run_on_task(arm, bench.job, contest, args.work, seed=seed, trainings=args.trainings)
                print(f"{arm}, seed {seed}: done", file=sys.stderr)
    return {arm: [read_trials(trials_file(args.work, arm, seed)) for seed in searches] for arm in arms}


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anytime", description=__doc__)
    parser.add_argument("--train-file", type=Path)
    parser.add_argument("--eval-file", type=Path)
    parser.add_argument(
        "--arms",
        default="tpe,random,ours-whole,ours",
        help="of ours@4 and ours@16 too (default: %(default)s)",
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--trainings", type=int, default=32, help="whole trainings whose steps an arm may spend"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder of what is done so far")
    parser.add_argument("--only-report", action="store_true", help="run nothing, sum up what is in --work")
    parser.add_argument("--output", type=Path, help="of the numbers; a picture goes beside it")
    args = parser.parse_args()
    unknown = set(args.arms.split(",")) - set(ARMS)
    if unknown:
        parser.error(f"--arms {args.arms}: choose of {', '.join(ARMS)}")
    if not args.only_report and not (args.train_file and args.eval_file):
        parser.error("give --train-file and --eval-file, or --only-report")
    return args


def main() -> None:
    """Runs what is missing, then sums up."""
    args = parsed()
    args.work.mkdir(parents=True, exist_ok=True)
    searches = trials_of(args)
    summary = summary_of(searches)
    record("benchmarks.anytime", "cpu", {"trainings": args.trainings, **summary}, args.output)
    if args.output:
        draw_medians(searches, args.output.with_suffix(".png"), title="MiniLM on SST-2")


if __name__ == "__main__":
    main()
