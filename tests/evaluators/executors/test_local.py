"""Spreading cohorts over this machine, without changing what comes out."""

from __future__ import annotations

import logging
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from joblib import cpu_count

from evaluators.base.base_model import load_base_model
from evaluators.base.base_models import BaseModels
from evaluators.executors.local import LocalExecutor
from evaluators.executors.workload import Work
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg, whole
from evaluators.training.state import State
from spaces.allocation import Allocation
from spaces.errors import InputError


def trained_by(executor, work, models=None):
    """What came of every candidate, in the order of their ends."""
    done: list[Trained] = []
    executor([work], models or BaseModels(), on_done=lambda _, one: done.append(one))
    return done


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_candidate_is_announced_once_and_its_steps_are_counted(workload, jobs):
    allocations = [Allocation.of({"layers.2.v": 3}), Allocation.of({"layers.0.q": 1})]
    candidates = [Candidate(allocation, seed, 1e-3) for seed in (0, 1) for allocation in allocations]
    announced: list[Candidate] = []
    begun: list[int] = []
    steps: list[int] = []
    LocalExecutor(("cpu",), cohort_size=2, jobs=jobs)(
        [Work(workload, whole(candidates))],
        BaseModels(),
        on_done=lambda _, one: announced.append(one.evaluation.candidate),
        on_begin=begun.append,
        on_step=steps.append,
    )
    assert sorted(announced, key=candidates.index) == candidates
    assert (begun, sum(steps)) == ([3 * 4], 3 * 4)


def told(legs):
    """What a trainer gives that trains nothing: of each candidate its seed, as its metric."""
    candidates = [leg.candidate for leg in legs]
    return [Trained(Evaluation(one, float(one.seed), 0.0, None, (0.0,), 0.0, 0), {}) for one in candidates]


def test_known_candidates_are_not_trained_and_leave_the_cohorts_as_they_would_have_been(workload):
    cohorts: list[list[Candidate]] = []

    def trainer(model, workload, legs, on_step):
        cohorts.append([leg.candidate for leg in legs])
        return told(legs)

    allocation = Allocation.of({"layers.0.q": 1})
    first, *others = candidates = [Candidate(allocation, seed, 1e-3) for seed in range(4)]
    work = Work(replace(workload, trainer=trainer), whole(candidates), known={Leg(first)})
    done = trained_by(LocalExecutor(("cpu",), cohort_size=2), work)
    assert cohorts == [others[:1], others[1:]]
    assert [one.evaluation.candidate for one in done] == others


def state_at(step):
    return State({}, {}, {}, (0.0,) * step, 0.0, 0)


@pytest.mark.parametrize(
    ("how", "again"),
    [
        ({}, [[1], [2, 3]]),
        ({"until": 2}, [[0, 1], [2, 3]]),
        ({"begun": state_at(1)}, [[0, 1], [2, 3]]),
    ],
)
def test_what_others_go_on_from_is_trained_beside_the_same_as_at_first(workload, how, again):
    """Known beforehand: the first of a cohort, and all of the last."""
    cohorts: list[list[int]] = []

    def trainer(model, workload, legs, on_step):
        cohorts.append([leg.candidate.seed for leg in legs])
        return told(legs)

    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(6)]
    legs = [Leg(one, **how) for one in candidates]
    work = Work(replace(workload, trainer=trainer), legs, known={legs[0], *legs[4:]})
    done = trained_by(LocalExecutor(("cpu",), cohort_size=2), work)
    assert cohorts == again
    assert [one.evaluation.candidate for one in done] == candidates[1:4]


def test_cohorts_go_round_the_devices(workload):
    """Two devices in one process each get their turn (both are this CPU under another name)."""
    seen, models = [], BaseModels()

    def trainer(model, workload, legs, on_step):
        seen.append(next(name for name in devices if models.on(workload.source, name) is model))
        return told(legs)

    devices = ("cpu", "cpu:0")
    candidates = [Candidate(Allocation.of({f"layers.{i}.q": 2}), 0, 1e-3) for i in range(3)]
    trained_by(
        LocalExecutor(devices, cohort_size=1),
        Work(replace(workload, trainer=trainer), whole(candidates)),
        models,
    )
    assert seen == ["cpu", "cpu:0", "cpu"]


def test_a_process_keeps_to_one_device_however_long_the_others_take(workload):
    """One that went round the devices would hold a model on each."""

    def trainer(model, workload, legs, on_step):
        (leg,) = legs
        time.sleep(1.5 if leg.candidate.seed == 0 else 0.05)
        return [Trained(Evaluation(leg.candidate, os.getpid(), id(model), None, (0.0,), 0.0, 0), {})]

    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(6)]
    executor = LocalExecutor(("cpu", "cpu:0"), cohort_size=1, jobs=2, threads=1)
    done = trained_by(executor, Work(replace(workload, trainer=trainer), whole(candidates)))
    held = {(one.evaluation.metric, one.evaluation.loss) for one in done}
    assert len(held) == len({process for process, _ in held}) == 2


def killed_by(*fatal):
    """A trainer whose process some seeds kill, and the others tell their seed."""

    def trainer(model, workload, legs, on_step):
        if {leg.candidate.seed for leg in legs} & set(fatal):
            os.kill(os.getpid(), signal.SIGKILL)
        return told(legs)

    return trainer


def test_a_worker_that_is_killed_costs_the_candidate_that_kills_it_and_no_other(workload):
    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(3)]
    work = Work(replace(workload, trainer=killed_by(1)), whole(candidates))
    done = trained_by(LocalExecutor(("cpu",), cohort_size=2, jobs=2), work)
    evaluations = {one.evaluation.candidate: one.evaluation for one in done}
    assert [evaluations[one].metric for one in candidates] == [0.0, None, 2.0]
    assert evaluations[candidates[1]].failure.startswith("its worker process was killed by SIGKILL")
    assert evaluations[candidates[1]].may_pass


@pytest.mark.parametrize(("jobs", "cohorts", "most"), [(12, 2, 2), (3, 0, 0)])
def test_there_are_never_more_processes_than_cohorts_and_once_opened_they_stay(
    jobs, cohorts, most, workload, caplog
):
    def trainer(model, workload, legs, on_step):
        return [replace(one, tensors={"pid": torch.tensor(os.getpid())}) for one in told(legs)]

    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(cohorts)]
    executor = LocalExecutor(("cpu",), cohort_size=1, jobs=jobs, threads=1)
    work = Work(replace(workload, trainer=trainer), whole(candidates))
    with caplog.at_level(logging.INFO), executor.opened() as opened:
        done, again = trained_by(opened, work), trained_by(opened, work)
    assert opened.at_once == executor.at_once == jobs
    for both in (done, again):
        assert sorted(one.evaluation.candidate.seed for one in both) == list(range(cohorts))
    assert f"processes: {most}, threads of each: 1" in caplog.text
    pids, later = ({int(one.tensors["pid"]) for one in both} for both in (done, again))
    assert os.getpid() not in pids
    assert len(pids | later) <= most


def test_what_is_left_of_an_interrupted_run_has_the_threads_that_it_would_have_had(workload):
    def trainer(model, workload, legs, on_step):
        return [
            replace(one, tensors={"threads": torch.tensor(torch.get_num_threads())}) for one in told(legs)
        ]

    legs = whole(Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(2))
    work = Work(replace(workload, trainer=trainer), legs, known={legs[0]})
    (left,) = trained_by(LocalExecutor(("cpu",), cohort_size=1, jobs=2), work)
    assert int(left.tensors["threads"]) == max(1, cpu_count() // 2)


def test_processes_give_what_this_one_does(workload):
    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(3)]
    found = []
    for jobs in (1, 2):
        executor = LocalExecutor(("cpu",), cohort_size=2, jobs=jobs, threads=1)
        done = {
            one.evaluation.candidate: one for one in trained_by(executor, Work(workload, whole(candidates)))
        }
        found.append([done[one] for one in candidates])
    for here, there in zip(*found, strict=True):
        assert there.evaluation.metric == here.evaluation.metric
        np.testing.assert_allclose(there.evaluation.curve, here.evaluation.curve, rtol=1e-6)
        assert there.tensors.keys() == here.tensors.keys()
        for name, tensor in here.tensors.items():
            torch.testing.assert_close(there.tensors[name], tensor)


def test_a_model_that_cannot_be_loaded_ends_the_run_and_fails_no_candidate(workload):
    """What was moved away for a moment, when a device needed it, comes back."""
    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in range(2)]
    loads, done = [], []

    def load(source, device):
        loads.append(device)
        if loads == ["cpu", "cpu:0"]:
            raise InputError("the model is not there")
        return load_base_model(source, device="cpu")

    def train():
        LocalExecutor(("cpu", "cpu:0"), cohort_size=1)(
            [Work(workload, whole(candidates))],
            models,
            on_done=lambda _, one: done.append(one.evaluation.failure),
        )

    models = BaseModels(load)
    with pytest.raises(InputError, match="not there"):
        train()
    assert done == [None]
    train()
    assert done == [None] * 3
