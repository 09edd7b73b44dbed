"""Where memory runs out: with several candidates, with one, and while they are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest
import torch

from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import score_trained
from evaluators.training.gate_policy import GateHooks, Step
from evaluators.training.leg import Leg, whole
from evaluators.training.memory import CrowdedError
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

RECIPE = Recipe(batch_size=8)
CANDIDATES = [Candidate(Allocation.of({"layers.0.q": rank}), rank, 1e-2) for rank in (1, 2, 3)]


@pytest.fixture
def sites(model):
    return find_sites(model, "lora")


@dataclasses.dataclass(frozen=True)
class Needing:
    """A policy that does nothing but ``need`` something before every step."""

    need: Callable[[Sequence[Step]], None]

    def start(self, space):
        return space.allocation(space.highest)

    def shapes(self, sites, ranks):
        return {}

    def hooks(self, cohort, task):
        return GateHooks(before=self.need)


def test_several_that_do_not_fit_are_told_with_what_had_ended(model, sites, task):
    """The first ends after two steps; then memory runs out with the two that are left."""

    def taken(candidates):
        if candidates < 3:
            raise torch.OutOfMemoryError("planted")

    legs = [Leg(CANDIDATES[0], 2), *whole(CANDIDATES[1:])]
    with pytest.raises(CrowdedError, match="train fewer") as raised:
        train_cohort(model, sites, task, legs, RECIPE, slots=3, on_step=taken)
    assert list(raised.value.ended) == [0]
    assert raised.value.ended[0].state.step == 2


def test_a_candidate_that_does_not_fit_alone_is_marked_failed(model, sites, task):
    def need(_):
        raise torch.OutOfMemoryError("planted\nand more")

    (lost,) = train_cohort(model, sites, task, whole(CANDIDATES[:1]), RECIPE, slots=1, policy=Needing(need))
    assert lost.evaluation.failure == "out of memory with one candidate at a time: planted"


@dataclasses.dataclass(frozen=True)
class Roomless(Classification):
    """Judges so many rows at most at once, of all candidates together."""

    most: int = 0

    def outputs(self, model, batch):
        if len(batch.labels) > self.most:
            raise torch.OutOfMemoryError("planted")
        return Classification.outputs(self, model, batch)


@pytest.mark.parametrize("most", [20, 3, 1])
def test_where_memory_runs_out_fewer_rows_are_judged_at_once_and_then_fewer_candidates(
    model, sites, task, most
):
    trained = train_cohort(model, sites, task, whole(CANDIDATES), RECIPE, slots=3)
    narrow = dataclasses.replace(task, objective=Roomless(("no", "yes"), most=most))
    for one, other in zip(
        score_trained(model, sites, task, trained, RECIPE),
        score_trained(model, sites, narrow, trained, RECIPE),
        strict=True,
    ):
        assert other.metric == one.metric
        assert other.loss == pytest.approx(one.loss, rel=1e-5)


def test_a_row_that_does_not_fit_alone_is_told(model, sites, task):
    none = dataclasses.replace(task, objective=Roomless(("no", "yes")))
    trained = train_cohort(model, sites, none, whole(CANDIDATES[:1]), RECIPE, slots=1)
    assert trained[0].evaluation.failure == "out of memory with one candidate at a time: planted"


def test_memory_that_runs_out_on_the_way_costs_the_steps_and_seconds_until_then(model, sites, task):
    steps = []

    def need(taken):
        if len(steps) == 3:
            raise torch.OutOfMemoryError("planted")
        steps.append(taken)

    (lost,) = train_cohort(model, sites, task, whole(CANDIDATES[:1]), RECIPE, slots=1, on_step=need)
    assert "out of memory" in lost.evaluation.failure
    assert len(lost.evaluation.curve) == 3
    assert lost.evaluation.seconds > 0
