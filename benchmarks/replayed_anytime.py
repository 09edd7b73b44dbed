"""Searches side by side over a table of learning curves, in many worlds that its seeds allow for. example:
python -m benchmarks.replayed_anytime --table results/anytime/curves-sst2.jsonl --output replayed.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from .anytime.arms import ARMS, Trainers, run_arm
from .anytime.ended_trial import EndedTrial
from .anytime.plot import draw_medians
from .anytime.summary import summary_of
from .curves.curve_table import CurveTable, read_table
from .curves.replay import Replay
from .record import record

_SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)


def replayed(table: CurveTable, arm: str, *, seed: int, trainings: int) -> list[EndedTrial]:
    """The trials of one search in one world."""
    world, trials = Replay(table, seed=seed), list[EndedTrial]()
    trainers = Trainers(world.whole, world.legs)
    run_arm(ARMS[arm], table.contest, trainers, seed=seed, trainings=trainings, on_ended=trials.append)
    return trials


def settled(trials: Sequence[EndedTrial], world: Replay) -> list[EndedTrial]:
    """The same trials, each with the loss, without noise, of whichever looked best when it ended."""
    best: EndedTrial | None = None
    found = []
    for trial in trials:
        if trial.loss is not None and (best is None or best.loss is None or trial.loss < best.loss):
            best = trial
        found.append(replace(trial, loss=None if best is None else world.settled(best.configuration)))
    return found


def regrets(
    searches: Sequence[Sequence[EndedTrial]], worlds: Sequence[Replay], most: int
) -> dict[str, float | None]:
    """Median over worlds of how far what looked best is above the table's best, by share of steps spent."""
    found: dict[str, float | None] = {}
    for share in _SHARES:
        values = []
        for trials, world in zip(searches, worlds, strict=True):
            then = [one for one in settled(trials, world) if one.steps <= share * most]
            values.append(float("inf") if not then or then[-1].loss is None else then[-1].loss - world.best)
        middle = median(values)
        found[f"{share:g}"] = None if middle == float("inf") else round(middle, 4)
    return found


def measured(table: CurveTable, args: argparse.Namespace) -> Mapping[str, list[list[EndedTrial]]]:
    """The trials of every arm in every world."""
    searches: dict[str, list[list[EndedTrial]]] = {}
    for arm in args.arms.split(","):
        began = time.perf_counter()
        searches[arm] = [
            replayed(table, arm, seed=seed, trainings=args.trainings) for seed in range(args.seeds)
        ]
        print(f"{arm}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return searches


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replayed_anytime", description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--arms", default=",".join(ARMS), help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "--trainings", type=int, default=64, help="whole trainings whose steps an arm may spend"
    )
    parser.add_argument("--output", type=Path, help="of the numbers; a picture goes beside it")
    return parser.parse_args()


def main() -> None:
    """Replays, and sums up."""
    args = parsed()
    table = read_table(args.table)
    searches = measured(table, args)
    worlds = [Replay(table, seed=seed) for seed in range(args.seeds)]
    most = args.trainings * table.contest.steps
    quiet = {arm: [settled(*pair) for pair in zip(own, worlds, strict=True)] for arm, own in searches.items()}
    result = {
        "table": args.table.name,
        "curves": len(table.curves),
        "trainings": args.trainings,
        "steps_of_a_training": table.contest.steps,
        "as_seen": summary_of(searches),
        "without_noise": summary_of(quiet),
        "median_regret_by_share_of_steps": {arm: regrets(own, worlds, most) for arm, own in searches.items()},
    }
    record("benchmarks.replayed_anytime", "cpu", result, args.output)
    if args.output:
        shown = {arm: quiet[arm] for arm in ("random", "tpe", "ours-whole", "ours") if arm in quiet}
        title = f"Replayed in {args.seeds} worlds, losses without noise: MiniLM on SST-2"
        draw_medians(shown, args.output.with_suffix(".png"), title=title)


if __name__ == "__main__":
    main()
