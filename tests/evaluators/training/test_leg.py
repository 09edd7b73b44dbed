"""A leg knows where it begins and ends, and is told from others by its end."""

from __future__ import annotations

import pytest
import torch

from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import Leg, steps_of, whole
from evaluators.training.state import State
from spaces.allocation import Allocation

CANDIDATE = Candidate(Allocation.of({"layers.0.q": 2}), 3, 1e-3)


def state_at(step: int) -> State:
    tensors = {"head.w": torch.ones(1)}
    return State(tensors, tensors, tensors, (0.5,) * step, 1.0, 1)


def test_where_it_begins_makes_no_other_leg():
    assert Leg(CANDIDATE, 3, state_at(1)) == Leg(CANDIDATE, 3)
    assert len({Leg(CANDIDATE, 3, state_at(2)), Leg(CANDIDATE, 3), Leg(CANDIDATE, 4), Leg(CANDIDATE)}) == 3


def test_steps_are_those_between_its_ends():
    legs = [Leg(CANDIDATE, 3), Leg(CANDIDATE, 5, state_at(3)), Leg(CANDIDATE, begun=state_at(5))]
    assert [leg.steps(8) for leg in legs] == [3, 2, 3]
    assert steps_of([*legs, *whole([CANDIDATE])], Recipe(batch_size=4, epochs=2), 16) == 16


def test_only_all_of_a_training_is_whole():
    assert [leg.is_whole for leg in (*whole([CANDIDATE]), Leg(CANDIDATE, 3))] == [True, False]
    assert not Leg(CANDIDATE, begun=state_at(5)).is_whole


def test_what_failed_keeps_the_curve_and_the_seconds_so_far():
    failed = Leg(CANDIDATE, 5, state_at(3)).failed("its process died", may_pass=True)
    assert failed.evaluation.curve == (0.5,) * 3
    assert (failed.evaluation.failure, failed.evaluation.may_pass) == ("its process died", True)
    assert failed.evaluation.seconds == state_at(3).seconds > 0
    alone = Leg(CANDIDATE, 5).failed("x", curve=(0.1,), seconds=2.0).evaluation
    assert (alone.curve, alone.seconds) == ((0.1,), 2.0)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Leg(CANDIDATE, 0), "until=0 must be after step 0"),
        (lambda: Leg(CANDIDATE, 3, state_at(3)), "until=3 must be after step 3"),
        (lambda: Leg(CANDIDATE, judged=False), "judged=False is of a leg that pauses"),
    ],
)
def test_what_is_no_leg_is_refused(make, reason):
    with pytest.raises(ValueError, match=reason):
        make()
