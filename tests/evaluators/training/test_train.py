"""Training that pauses and goes on is training that never paused, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks
from evaluators.training.leg import Leg, whole
from evaluators.training.memory import CrowdedError
from evaluators.training.sparing import Sparing
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

RECIPE = Recipe(epochs=1.5, batch_size=4, warmup=0.2)
STEPS = 12  # 1.5 epochs of 8 batches, the last of them of 2 rows
CANDIDATES = [
    Candidate(Allocation.of({"layers.0.q": 2, "layers.1.v": 4, "layers.2.res1": 3}), 0, 3e-3),
    Candidate(Allocation.of({"layers.1.v": 1, "layers.2.cut": 2}), 1, 1e-2, scaling="constant"),
    Candidate(Allocation.of({"layers.0.fc1": 3, "layers.2.q": 5}), 2, 5e-3, scaling="alpha/sqrt(r)"),
]


@pytest.fixture
def train(model, task):
    """Trains legs side by side; ``how`` overrides what ``train_cohort`` is given."""
    sites = find_sites(model, "lora[all]+shortcut")

    def run(legs, **how):
        return train_cohort(model, sites, how.pop("task", task), legs, RECIPE, **{"slots": len(legs), **how})

    return run


def in_legs(train, candidates, pauses, *, judged=True, **how):
    """What comes of candidates that pause at these steps."""
    states = [None] * len(candidates)
    for until in (*pauses, None):
        legs = [
            Leg(one, until, state, judged or until is None)
            for one, state in zip(candidates, states, strict=True)
        ]
        trained = train(legs, **how)
        states = [one.state for one in trained]
    return trained


def assert_same_bits(ones, others):
    for one, other in zip(ones, others, strict=True):
        assert one.evaluation.curve == other.evaluation.curve
        assert one.evaluation.failure is None
        assert (one.evaluation.metric, one.evaluation.loss) == (
            other.evaluation.metric,
            other.evaluation.loss,
        )
        assert one.course == other.course
        assert one.tensors.keys() == other.tensors.keys()
        for name, tensor in one.tensors.items():
            assert torch.equal(tensor, other.tensors[name])


@pytest.mark.parametrize("pauses", [[5], [1, 8, 11]])  # 8: where an epoch ends
@pytest.mark.parametrize("sparing", [Sparing(), Sparing(True), Sparing(micro_batch_size=3)])
def test_pauses_change_no_bit_of_any_candidate(train, pauses, sparing):
    together = train(whole(CANDIDATES), sparing=sparing)
    assert [len(one.evaluation.curve) for one in together] == [STEPS] * 3
    assert_same_bits(in_legs(train, CANDIDATES, pauses, sparing=sparing), together)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_one_alone_may_pause_before_any_step(train, candidate):
    assert_same_bits(in_legs(train, [candidate], range(1, STEPS)), train(whole([candidate])))


def test_candidates_at_different_steps_share_a_cohort(train):
    """The second pauses when the first has gone half its way, and the third takes its slot."""
    wide = Candidate(Allocation.of({"layers.0.q": 4, "layers.1.v": 4}), 0, 3e-3)
    narrow = Candidate(Allocation.of({"layers.1.v": 2}), 1, 3e-3, scaling="constant")
    other = Candidate(Allocation.of({"layers.0.q": 3}), 2, 1e-2)
    handed_on = train([Leg(wide, 6), Leg(narrow, 3), Leg(other, 3)], slots=2)
    first, paused = train([Leg(wide, 3), Leg(narrow, 3)])
    second, third = train([Leg(wide, 6, first.state), Leg(other, 3)])
    for one, then in zip([second, paused, third], handed_on, strict=True):
        assert one.evaluation.curve == then.evaluation.curve
        assert one.evaluation.loss == then.evaluation.loss
        for part in ("tensors", "mean", "square"):
            own, same = (getattr(which.state, part) for which in (one, then))
            assert all(torch.equal(own[name], same[name]) for name in own | same)


def test_what_pauses_goes_on_beside_others_as_beside_none(train):
    (alone,) = train(whole(CANDIDATES[1:2]))
    _, paused, _ = train([Leg(one, 4) for one in CANDIDATES])
    after = train([Leg(CANDIDATES[1], begun=paused.state), *whole(CANDIDATES[2:])])[0]
    np.testing.assert_allclose(after.evaluation.curve, alone.evaluation.curve, atol=1e-4)
    assert after.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=1e-4)


def test_a_state_fits_any_slot_of_any_cohort_that_has_room(train, model, task):
    state = train([Leg(one, 4) for one in CANDIDATES])[2].state
    sites = find_sites(model, "lora[all]+shortcut")
    wider = Candidate(Allocation.of({"layers.2.q": 8, "layers.1.k": 2}), 7, 1e-3)
    cohort = Cohort(model, sites, task.objective, [wider, CANDIDATES[2]], RECIPE, slots=2)
    cohort.optimizer.mean += 1.0  # of whoever was there before
    cohort.resume(1, CANDIDATES[2], state)
    again = cohort.state(1, curve=state.curve, seconds=0.0, peak_memory=0)
    for part in ("tensors", "mean", "square"):
        torch.testing.assert_close(getattr(again, part), getattr(state, part), rtol=0, atol=0)
    assert cohort.optimizer.steps.tolist() == [[0.0], [4.0]]
    assert {tuple(tensor.shape) for name, tensor in state.mean.items() if ".q." in name} == {(5, 32), (32, 5)}


def test_seconds_and_memory_are_those_of_all_legs(train):
    (first,) = train([Leg(CANDIDATES[0], 4)])
    begun = replace(first.state, seconds=1000.0, peak_memory=10**15)
    (last,) = train([Leg(CANDIDATES[0], begun=begun)])
    assert 1000.0 < last.evaluation.seconds < 1100.0
    assert last.evaluation.peak_memory == 10**15
    assert (first.state.seconds, first.state.peak_memory) == (
        first.evaluation.seconds,
        first.evaluation.peak_memory,
    )


def test_where_it_is_not_judged_nothing_is_evaluated_and_nothing_changes(train, task):
    refusing = replace(task, objective=NotScored(task.objective.label_names))
    paused = train([Leg(one, 4, judged=False) for one in CANDIDATES], task=refusing)
    assert [one.evaluation.metric for one in paused] == [None] * 3
    assert [one.evaluation.failure for one in paused] == [None] * 3
    assert_same_bits(in_legs(train, CANDIDATES, [4], judged=False), train(whole(CANDIDATES)))


@dataclass(frozen=True)
class NotScored(Classification):
    """A task of which no output may be asked for."""

    def outputs(self, model, batch):
        raise AssertionError("not to be judged")


def test_one_that_diverges_in_a_leg_has_failed_and_has_no_state(train):
    wild = replace(CANDIDATES[1], learning_rate=1e30)
    (first,) = train([Leg(CANDIDATES[1], 1)])
    good, bad = train([Leg(CANDIDATES[0], 5), Leg(wild, 5, first.state)])
    assert "training loss became nan at step" in bad.evaluation.failure
    assert bad.evaluation.curve[0] == first.evaluation.curve[0]
    assert bad.state is None
    assert good.state.step == 5


@dataclass(frozen=True)
class Hungry(Classification):
    """A task for which a step of more than one candidate takes more memory than there is."""

    def losses(self, model, batch):
        if len(batch.labels) > RECIPE.batch_size:
            raise torch.OutOfMemoryError("planted")
        return Classification.losses(self, model, batch)


def test_legs_that_do_not_fit_together_come_to_the_same_alone(train, task):
    states = [one.state for one in train([Leg(one, 4) for one in CANDIDATES])]
    legs = [Leg(one, 7, state) for one, state in zip(CANDIDATES, states, strict=True)]
    together, hungry = train(legs), replace(task, objective=Hungry(("no", "yes")))
    with pytest.raises(CrowdedError):
        train(legs, task=hungry)
    apart = [one for leg in legs for one in train([leg], task=hungry)]
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.evaluation.curve, other.evaluation.curve, atol=1e-4)
        assert other.state.step == 7


class Idle:
    """A policy that does nothing."""

    def start(self, space):
        return space.allocation(space.highest)

    def shapes(self, sites, ranks):
        return {}

    def hooks(self, cohort, task):
        return GateHooks()


@pytest.mark.parametrize(
    ("leg", "reason"),
    [
        (Leg(CANDIDATES[0], 3), "none of its candidates can pause"),
        (Leg(CANDIDATES[1]), "has a scaling of its own"),
    ],
)
def test_what_a_policy_cannot_do_is_refused(train, leg, reason):
    with pytest.raises(ValueError, match=reason):
        train([leg], policy=Idle())


@pytest.mark.parametrize("until", [STEPS, STEPS + 1])
def test_nothing_pauses_at_its_end(train, until):
    with pytest.raises(ValueError, match=f"until={until} must be below {STEPS}"):
        train([Leg(CANDIDATES[0], until)])
