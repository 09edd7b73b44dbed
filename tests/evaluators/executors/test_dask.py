"""Cohorts on a real Dask cluster, and in this process: the same to the last bit."""

from __future__ import annotations

import json
import os
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import torch

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from evaluators.base.base_models import BaseModels
from evaluators.executors.dask import DaskExecutor, join_dask, scheduler_address
from evaluators.executors.dask_workers import DaskCall, DaskWorkers
from evaluators.executors.local import LocalExecutor
from evaluators.executors.on_dask_worker import train_here
from evaluators.executors.workload import Work
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg, whole
from spaces.allocation import Allocation
from spaces.errors import InputError
from tests.dask_processes import dask_scheduler

CANDIDATES = [Candidate(Allocation.of({"layers.0.q": 1, "layers.2.v": 2}), seed, 1e-2) for seed in range(5)]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """One with two workers, each of two threads."""
    threads = ["--nthreads", "2"]
    with dask_scheduler(tmp_path_factory.mktemp("dask")) as scheduler, scheduler.workers(threads, threads):
        yield scheduler


DIES_OF_ITS_FIRST_TASK = """
import os, signal
from pathlib import Path

from distributed import WorkerPlugin


class Dies(WorkerPlugin):
    def transition(self, key, start, finish, **more):
        died = Path({died!r})
        if finish == "executing" and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)


async def dask_setup(worker):
    await worker.plugin_add(Dies())
"""


def test_where_the_first_worker_that_is_asked_dies_another_one_is(tmp_path):
    preload, died = tmp_path / "preload.py", tmp_path / "died"
    preload.write_text(DIES_OF_ITS_FIRST_TASK.replace("{died!r}", repr(str(died))))
    with (
        dask_scheduler(tmp_path) as scheduler,
        scheduler.workers(["--preload", str(preload)]),
    ):
        assert join_dask(scheduler.address, device="cpu").usual == "cpu"
    assert died.exists()


def executor_at(scheduler) -> DaskExecutor:
    return DaskExecutor(scheduler.address, "cpu", "cpu", cohort_size=2, threads=1, patience=600)


def dying(folder: Path, once: int, always: int):
    """A trainer whose process is killed at the first step of some candidates, by their seeds."""

    def trainer(model, workload, legs, on_step):
        from evaluators.executors.workload import in_one_cohort

        seeds = {leg.candidate.seed for leg in legs}

        def step(count):
            on_step(count)
            first = not (folder / "died").exists()
            if always in seeds or (once in seeds and first):
                (folder / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)

        return in_one_cohort(model, workload, legs, step)

    return trainer


def trained(executor, workload, legs) -> tuple[dict[int, Trained], list[int], int]:
    """What came of every leg, by seed, the steps that were announced, and those that were counted."""
    done: dict[int, Trained] = {}
    begun: list[int] = []
    steps: list[int] = []

    def note(_, one):
        done[one.evaluation.candidate.seed] = one

    executor([Work(workload, legs)], BaseModels(), on_done=note, on_begin=begun.append, on_step=steps.append)
    return done, begun, sum(steps)


@pytest.fixture
def notes(tmp_path) -> Path:
    (tmp_path / "notes").mkdir()
    return tmp_path / "notes"


def noting(folder: Path, steps: int):
    """A trainer of steps that do nothing; notes when each cohort began, and ended or was ended."""

    def trainer(model, workload, legs, on_step):
        name = f"{os.getpid()}-{time.monotonic()}"
        try:
            for _ in range(steps):
                time.sleep(0.02)
                on_step(1)
        finally:
            (folder / f"{name}-{time.monotonic()}").touch()
        return [Trained(Evaluation(leg.candidate, 0.0, 0.0, None, (), 0.0, 0), {}) for leg in legs]

    return trainer


def spans(folder: Path) -> list[tuple[str, float, float]]:
    """Of each cohort its process, its begin and its end; by process and time."""
    parts = [path.name.split("-") for path in folder.iterdir()]
    return sorted((process, float(begin), float(end)) for process, begin, end in parts)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_trains_one_cohort_at_a_time_whoever_drives_it(scheduler, workload, notes):
    slow = replace(workload, trainer=noting(notes, steps=10))
    executor = replace(executor_at(scheduler), cohort_size=1)
    with ThreadPoolExecutor(2) as drivers:
        ends = [drivers.submit(trained, executor, slow, whole(CANDIDATES[:3])) for _ in range(2)]
        assert [set(one.result()[0]) for one in ends] == [set(range(3))] * 2
    found = spans(notes)
    assert len(found) == 6
    for (process, _, end), (other, begin, _) in pairwise(found):
        assert process != other or end <= begin


def test_a_cohort_that_nobody_waits_for_any_more_ends_at_its_next_step(scheduler, workload, notes):
    calls: list[int] = []

    def trainer(model, workload, legs, on_step):
        steps = 1 if legs[0].candidate.seed == 0 else 100_000
        return noting(notes, steps)(model, workload, legs, on_step)

    def interrupt(*_):
        calls.append(1)
        raise KeyboardInterrupt

    work = Work(replace(workload, trainer=trainer), whole(CANDIDATES[:2]))
    with pytest.raises(KeyboardInterrupt):
        replace(executor_at(scheduler), cohort_size=1)([work], BaseModels(), on_done=interrupt)
    assert calls == [1]
    until(lambda: len(list(notes.iterdir())) == 2)


@pytest.mark.parametrize(
    "digests",
    [{"config.json": "of other bytes", "not_there.json": "of any"}, {"model.safetensors.index.json": ""}],
)
def test_a_model_that_is_another_one_there_is_refused(scheduler, workload, digests):
    """A file of other bytes, or weights in other files."""
    train = partial(train_here, workload, whole(CANDIDATES[:1]), "cpu", 1, digests)
    with DaskWorkers(scheduler.address, patience=600) as workers:
        calls = workers([DaskCall(train, pickle.dumps(workload.task))])
        with pytest.raises(InputError, match="give every machine the same model"):
            next(calls)


def test_who_joins_is_told_what_there_is(scheduler):
    joined = join_dask(str(scheduler.file), device="cpu", threads=1)
    assert joined == DaskExecutor(scheduler.address, "cpu", "cpu", 4, 1, usual="cpu", spread=True)
    assert joined.at_once is None
    chosen = join_dask(scheduler.address, device="cpu", cohort_size=7)
    assert (chosen.cohort_size, chosen.spread) == (7, False)


def in_two_legs(executor, workload):
    """Four candidates, which pause at their second step of three, and at last a fifth; what came of it."""
    with executor.opened() as opened:
        legs = [Leg(one, until=2) for one in CANDIDATES[:4]]
        first, *steps = trained(opened, workload, legs)
        rest = [Leg(one, begun=first[one.seed].state) for one in CANDIDATES[:4]]
        last, *more = trained(opened, workload, [*rest, Leg(CANDIDATES[4])])
    assert (steps, more) == ([[8], 8], [[4 + 3], 4 + len(last[4].evaluation.curve)])
    return [result[seed] for result in (first, last) for seed in range(4)], last[4].evaluation


def test_a_cluster_gives_what_this_process_does_whatever_kills_its_workers(scheduler, workload, tmp_path):
    """One candidate kills its worker once, and one always: that has failed, and no other."""
    here, fifth = in_two_legs(LocalExecutor(("cpu",), cohort_size=2), workload)
    deadly = replace(workload, trainer=dying(tmp_path, once=2, always=4))
    there, failed = in_two_legs(executor_at(scheduler), deadly)
    assert (tmp_path / "died").exists()
    assert fifth.failure is None
    assert failed.failure.startswith("its worker process on the Dask worker tcp://127.0.0.1:")
    assert failed.may_pass
    for own, other in zip(here, there, strict=True):
        assert timeless(own.evaluation) == timeless(other.evaluation)
        assert (own.state is None) == (other.state is None)
        assert own.tensors.keys() == other.tensors.keys()
        assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in own.tensors.items())


def timeless(evaluation: Evaluation) -> Evaluation:
    return replace(evaluation, seconds=0.0, peak_memory=0)


@pytest.mark.parametrize("content", [None, "no JSON", "[]", json.dumps({"port": 1})])
def test_a_place_that_is_none_is_refused(content, tmp_path):
    file = tmp_path / "scheduler.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(
        InputError, match=r"no address and no file of a scheduler \(.*\); give tcp://HOST:PORT"
    ):
        scheduler_address(str(file))
