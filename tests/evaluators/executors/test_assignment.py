"""What there is to train, in cohorts, and what becomes of them elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluators.base.base_models import BaseModels
from evaluators.executors.assignment import Assignment, assigned, end_all, train_assigned
from evaluators.executors.local import LocalExecutor
from evaluators.executors.retry import Died
from evaluators.executors.workload import Work
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg, whole
from evaluators.training.memory import CrowdedError
from evaluators.training.state import State
from spaces.allocation import Allocation
from spaces.errors import InputError

PLAN = Allocation.of({"layers.0.q": 1})
LEGS = whole(Candidate(PLAN, seed, 1e-3) for seed in range(5))


def told(leg, steps):
    return Trained(Evaluation(leg.candidate, 1.0, 0.5, None, (0.0,) * steps, 0.0, 0), {})


def test_cohorts_are_counted_with_those_that_are_known_and_devices_take_turns(workload):
    work = Work(workload, LEGS, known={LEGS[2], LEGS[3]})
    found = assigned([work], ("cuda:0", "cuda:1"), 2, BaseModels(), home="cpu")
    assert found.cohorts == 3
    assert [one.legs for one in found.left] == [(LEGS[0], LEGS[1]), (LEGS[4],)]
    assert [one.device for one in found.left] == ["cuda:0", "cuda:1"]


SIZES = {1: [3, 2], 2: [3, 2], 3: [2, 2, 1], 4: [2, 2, 1], 5: [1] * 5, 9: [1] * 5}


@pytest.mark.parametrize(("workers", "sizes"), SIZES.items())
def test_no_cohort_is_larger_than_an_equal_share_for_each_worker(workload, workers, sizes):
    found = assigned([Work(workload, LEGS)], ("cuda:0",), 3, BaseModels(), home="cpu", workers=workers)
    assert [len(one.legs) for one in found.left] == sizes


def test_legs_of_several_workloads_are_enough_for_the_workers_together(workload):
    work = [Work(workload, LEGS[:2]), Work(workload, LEGS[2:])]
    found = assigned(work, ("cuda:0",), 32, BaseModels(), home="cpu", workers=2)
    assert [len(one.legs) for one in found.left] == [2, 3]


def test_a_cohort_that_was_interrupted_while_it_was_recorded_is_trained_again_whole(workload):
    """And those that had other neighbours are not, as where a run has grown."""
    whole_one = Assignment(0, workload, tuple(LEGS[:3]), "cpu")
    mark, other = whole_one.mark, Assignment(0, workload, tuple(LEGS[:2]), "cpu").mark
    for together, left in {
        (): LEGS[1:3],
        ((LEGS[0], other),): LEGS[1:3],
        ((LEGS[0], mark),): LEGS[:3],
    }.items():
        work = Work(workload, LEGS, known={LEGS[0]}, together=dict(together))
        assert list(whole_one.left_of(work).legs) == left
    assert whole_one.left_of(Work(workload, LEGS, set(LEGS), dict.fromkeys(LEGS, mark))) is None


def test_those_that_trained_together_have_one_mark_unless_one_may_yet_pass(workload):
    def trained(may_pass):
        def trainer(model, workload, legs, on_step):
            ends = [told(leg, 1) for leg in legs]
            return [*ends[:-1], replace(ends[-1], evaluation=replace(ends[-1].evaluation, may_pass=may_pass))]

        own = replace(workload, trainer=trainer)
        return train_assigned(Assignment(0, own, tuple(LEGS[:2]), "cpu"), BaseModels(), lambda _: None)

    assert {one.together for one in trained(False)} == {Assignment(0, workload, tuple(LEGS[:2]), "cpu").mark}
    assert {one.together for one in trained(True)} == {""}


def fits(most, ended=0):
    """A trainer that has memory for so many candidates; of more the first end, and the others do not."""

    def trainer(model, workload, legs, on_step):
        on_step(len(legs))
        if len(legs) > most:
            raise CrowdedError({place: told(leg, 1) for place, leg in enumerate(legs[:ended])})
        return [told(leg, 1) for leg in legs]

    return trainer


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_too_much_for_the_memory_follows_in_halves_and_is_told_as_it_ends(workload, jobs):
    crowded = replace(workload, trainer=fits(2, ended=1))
    done, steps = [], []
    LocalExecutor(("cpu",), 5, jobs)(
        [Work(crowded, LEGS)], BaseModels(), on_done=lambda _, one: done.append(one), on_step=steps.append
    )
    seeds = {1: [0, 1, 2, 3, 4], 2: [0, 1, 4, 2, 3]}  # elsewhere halves wait for all others
    assert [one.evaluation.candidate.seed for one in done] == seeds[jobs]
    assert {one.evaluation.metric for one in done} == {1.0}
    assert sum(steps) == 5, "each takes one step, those that follow in halves too"


def test_what_ended_before_the_memory_ran_out_is_not_trained_again(workload):
    """It has no mark: its cohort will never be what it was."""
    crowded = Assignment(0, replace(workload, trainer=fits(2, ended=1)), tuple(LEGS[:4]), "cpu")
    tried = train_assigned(crowded, BaseModels(), lambda _: None)
    assert [one and one.together for one in tried] == ["", None, None, None]
    assert [list(one.legs) for one in crowded.halves(tried)] == [LEGS[1:3], LEGS[3:4]]
    assert crowded.steps(tried) == 1
    again = crowded.left_of(Work(crowded.workload, LEGS[:4], known={LEGS[0]}, together={LEGS[0]: ""}))
    assert list(again.legs) == LEGS[1:4]


def test_steps_are_those_behind_the_beginning_and_news_is_what_was_not_known(workload):
    begun = State({}, {}, {}, (0.0,) * 3, 0.0, 0)
    legs = (Leg(LEGS[0].candidate, begun=begun), LEGS[1])
    one, trained = Assignment(0, workload, legs, "cpu"), [told(legs[0], 9), told(legs[1], 9)]
    assert one.steps(trained) == (9 - 3) + 9
    assert list(one.news(trained, [Work(workload, legs, known={legs[1]})])) == trained[:1]


def test_what_kills_its_worker_has_failed_with_its_reason_and_may_pass(workload):
    """The second of three legs ends every worker that it meets."""

    def execute(tasks):
        for place, task in enumerate(tasks):
            fatal = LEGS[1] in task.legs
            yield place, Died("was lost") if fatal else [told(leg, 4) for leg in task.legs]

    done, steps = [], []
    end_all(
        [Assignment(0, workload, tuple(LEGS[:3]), "cpu")],
        [Work(workload, LEGS[:3])],
        execute,
        on_done=lambda index, one: done.append((index, one.evaluation)),
        on_step=steps.append,
    )
    assert [(index, one.candidate.seed, one.metric) for index, one in done] == [
        (0, 0, 1.0),
        (0, 1, None),
        (0, 2, 1.0),
    ]
    failed = done[1][1]
    assert failed.may_pass
    assert failed.failure.startswith("its worker process was lost whenever it was trained")
    assert sum(steps) == 8


def test_a_method_that_cannot_be_used_fails_its_legs_and_a_lost_model_ends_all(workload):
    def refuses(model, workload, legs, on_step):
        raise InputError("no such site")

    one = Assignment(0, replace(workload, trainer=refuses), tuple(LEGS[:2]), "cpu")
    failures = [trained.evaluation for trained in train_assigned(one, BaseModels(), lambda _: None)]
    assert [(own.failure, own.may_pass) for own in failures] == [("no such site", False)] * 2

    def gone(source, device):
        raise InputError("the model is not there")

    with pytest.raises(InputError, match="the model is not there"):
        train_assigned(one, BaseModels(gone), lambda _: None)
