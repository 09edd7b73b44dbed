"""Trains a table of learning curves, and goes on where it was interrupted. example:
python -m benchmarks.curves --train-file train.tsv --eval-file dev.tsv --output curves-sst2.jsonl
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.contest import contest_of
from benchmarks.search_setting import SearchSetting
from search.run.workbench import Workbench
from search.sampling.configuration import Configuration

from .curve_table import CurveTable, append_curve, read_table, write_header
from .plans import plans_of
from .train_curves import train_curves


def begun(path: Path, bench: Workbench, setting: SearchSetting) -> CurveTable:
    """What stands in the file, which is begun where it is not there."""
    if not path.exists():
        write_header(path, contest_of(bench, setting))
    table = read_table(path)
    if (table.contest.setting, table.contest.space) != (setting, bench.space):
        sys.exit(f"{path} is of another setting; name another file with --output.")
    return table


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__)
    parser.add_argument("--train-file", type=Path, required=True)
    parser.add_argument("--eval-file", type=Path, required=True)
    parser.add_argument("--allocations", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def main() -> None:
    """Trains what is missing, one allocation at all rates and scaling rules at a time."""
    args, setting = parsed(), SearchSetting()
    bench = setting.bench(args.train_file, args.eval_file)
    table = begun(args.output, bench, setting)
    contest = table.contest
    plans = plans_of(contest, args.allocations)
    for seed in range(args.seeds):
        for number, plan in enumerate(plans):
            grid = [Configuration(plan, rate, rule) for rate, rule in setting.grid]
            missing = [one for one in grid if (one, seed) not in table.done]
            if missing:
                began = time.perf_counter()
                job, judged_at = bench.job, contest.judged_at
                for curve in train_curves(job.model, job.workload, missing, seed=seed, judged_at=judged_at):
                    append_curve(args.output, contest.space, curve)
                took = time.perf_counter() - began
                print(f"allocation {number}, seed {seed}: {took:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
