"""Every arm spends what it may and no more, says when, and repeats itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.anytime.arms import ARMS, Trainers, run_arm
from benchmarks.anytime.best_so_far import best_so_far
from benchmarks.anytime.ended_trial import EndedTrial
from benchmarks.curves.curve_table import CurveTable
from benchmarks.curves.replay import Replay
from evaluators.training.candidate import Trained
from evaluators.training.leg import Leg


def trials_of(table: CurveTable, name: str, trainings: int) -> tuple[list[EndedTrial], list[int]]:
    """The trials, and candidate-steps of ours as they were really taken when each ended."""
    world, trials, taken = Replay(table, seed=0), list[EndedTrial](), list[int]()
    reached: dict[object, int] = {}

    def legs(wave: Sequence[Leg], /) -> list[Trained]:
        for leg in wave:
            reached[leg.candidate] = leg.ends_at(table.contest.steps)
        return world.legs(wave)

    def note(trial: EndedTrial) -> None:
        trials.append(trial)
        taken.append(sum(reached.values()))

    run_arm(
        ARMS[name], table.contest, Trainers(world.whole, legs), seed=0, trainings=trainings, on_ended=note
    )
    return trials, taken


@pytest.mark.parametrize("name", ["tpe", "random", "ours-whole", "ours", "ours@4"])
def test_an_arm_spends_what_it_may_and_repeats_itself(synthetic: CurveTable, name: str) -> None:
    steps, trainings = synthetic.contest.steps, 7
    trials, taken = trials_of(synthetic, name, trainings)
    assert trials == trials_of(synthetic, name, trainings)[0]
    assert trials[-1].steps <= trainings * steps
    assert [one.steps for one in trials] == sorted(one.steps for one in trials)
    if ARMS[name].halving is None:
        assert [one.steps for one in trials] == [steps * (n + 1) for n in range(trainings)]
    else:
        assert [one.steps for one in trials] == taken


def test_halving_tries_more_and_trains_fewer_to_the_end(synthetic: CurveTable) -> None:
    halved, whole = (trials_of(synthetic, name, 9)[0] for name in ("ours", "ours-whole"))
    assert len(halved) > len(whole) == 9
    assert sum(one.loss is not None for one in halved) < 9
    assert all(one.own_steps in (10, 30, 90) for one in halved)
    assert best_so_far(halved, "steps").loss
