"""What pauses cost: training in nine legs, each recorded, against training that never pauses.

The same candidates side by side on the embedded MiniLM, at q and v, rank 8; where they pause they are not
judged, so that the difference is that of the pause alone: their states copied, written and put back, and a
new cohort around them. Whole and paused training take turns, and the ratios are of medians.
example: python -m benchmarks.legs --steps 90 --candidates 4
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Recipe, Trained
from evaluators.training.leg import Leg
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

from .cohort_case import CASES, RANK
from .record import record


@dataclass(frozen=True, slots=True)
class PausedCourse:
    """What is trained, and how."""

    model: PreTrainedModel
    task: Task
    recipe: Recipe
    candidates: tuple[Candidate, ...]

    def trained(self, pauses: Sequence[int], folder: Path) -> list[Trained]:
        """The candidates after their last leg, every leg recorded in the folder."""
        ledger, sites = Ledger(folder, "benchmark"), find_sites(self.model, "lora[q,v]")
        trained: list[Trained] = []
        for until in (*pauses, None):
            states = [one.state for one in trained] or [None] * len(self.candidates)
            legs = [
                Leg(one, until, state, judged=until is None)
                for one, state in zip(self.candidates, states, strict=True)
            ]
            trained = train_cohort(self.model, sites, self.task, legs, self.recipe, slots=len(legs))
            for leg, one in zip(legs, trained, strict=True):
                ledger.record(leg, one)
            ledger.forget_before(legs)
        return trained


def course_of(steps: int, candidates: int, device: str) -> PausedCourse:
    """So many candidates of the embedded MiniLM, of so many steps."""
    case = CASES["minilm"]
    model, (size, tokens) = case.load(None, device), case.batch
    rng = np.random.default_rng(0)
    ids = tuple(rng.integers(1000, 20000, (size * steps, tokens)))
    rows = Rows(ids, None, rng.integers(0, 2, len(ids)))
    few = Rows(ids[:size], None, rows.labels[:size])
    ranks = Allocation.of({site.name: RANK for site in find_sites(model, "lora[q,v]")})
    return PausedCourse(
        model,
        Task("random", case.objective, rows, few, few),
        Recipe(batch_size=size),
        tuple(Candidate(ranks, seed, 1e-3) for seed in range(candidates)),
    )


def taken(train: Callable[[Path], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process, of training into an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        clock, own = time.perf_counter(), time.process_time()
        train(Path(folder))
        return time.perf_counter() - clock, time.process_time() - own


def measure(args: argparse.Namespace) -> dict[str, object]:
    """Both trainings, in turns."""
    course = course_of(args.steps, args.candidates, args.device)
    pauses = [args.steps * i // args.legs for i in range(1, args.legs)]
    taken(lambda folder: course.trained(pauses[:1], folder))  # once, for what is cached
    whole, paused = [], []
    for _ in range(args.rounds):
        whole.append(taken(lambda folder: course.trained([], folder)))
        paused.append(taken(lambda folder: course.trained(pauses, folder)))
        print(whole[-1], paused[-1], file=sys.stderr)
    found: dict[str, object] = {}
    for i, name in enumerate(("seconds", "cpu_seconds")):
        without, within = (statistics.median(one[i] for one in times) for times in (whole, paused))
        found[name] = {
            "whole": round(without, 3),
            "in_legs": round(within, 3),
            "ratio": round(within / without, 3),
            "ms_per_pause_and_candidate": round(1e3 * (within - without) / len(pauses) / args.candidates, 2),
        }
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.legs", description=__doc__)
    parser.add_argument("--steps", type=int, default=90, help="of each candidate (default: %(default)s)")
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--legs", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    asked = {"steps": args.steps, "candidates": args.candidates, "legs": args.legs}
    record("benchmarks.legs", args.device, {**asked, **measure(args)}, args.output)


if __name__ == "__main__":
    main()
