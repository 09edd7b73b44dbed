"""Training many candidates: forming cohorts, and spreading them over devices and processes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle
from typing import Protocol

import torch
from joblib import cpu_count
from transformers import PreTrainedModel

from evaluators.base.base_model import ModelSource
from evaluators.base.base_models import BaseModels
from evaluators.data.rows import Rows
from evaluators.data.task import ReportOn, Task
from evaluators.generation.answers import answers_in
from evaluators.generation.text_test import TextTest
from evaluators.store.ledger import fingerprint
from evaluators.training.candidate import Candidate, Recipe, Trained
from evaluators.training.gate_policy import GatePolicy
from evaluators.training.leg import Leg
from evaluators.training.train import train_cohort
from spaces.errors import InputError
from spaces.meta_model import base_params
from spaces.site import Site

from .retry import Died, outlived
from .worker_processes import WorkerProcesses, end_without

__all__ = ["LocalExecutor", "Trainer", "Work", "Workload", "default_cohort_size", "form_cohorts"]

_log = logging.getLogger(__name__)


class Trainer(Protocol):
    """Trains legs of candidates on one device. A frozen dataclass whose fields say how
    (``base.description``), which can be sent to a process."""

    def __call__(
        self,
        model: PreTrainedModel,
        workload: Workload,
        legs: Sequence[Leg],
        on_step: Callable[[int], None],
        /,
    ) -> list[Trained]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """What every cohort of a run shares. policy: None where gates stay one. report_on: the rows that
    metric and loss are of. trainer: who trains the legs that an executor puts together. text_test: what
    they answer when they have finished, where nothing is kept that could be asked later; None: nothing.
    gradient_checkpointing: whether it spares memory by computing the model's blocks twice, with the same
    results."""

    source: ModelSource
    task: Task
    sites: tuple[Site, ...]
    recipe: Recipe
    policy: GatePolicy | None = None
    report_on: ReportOn = "validation"
    trainer: Trainer = field(default_factory=lambda: in_one_cohort)
    text_test: TextTest | None = None
    gradient_checkpointing: bool = False

    @property
    def rows(self) -> Rows:
        """Those to report on."""
        return self.task.test if self.report_on == "test" else self.task.validation

    @property
    def fingerprint(self) -> str:
        """Of all this, as ``Ledger`` takes it; the sites are in a candidate's allocation, unless a trainer
        of its own leaves that empty."""
        own = (self.trainer, [site.name for site in self.sites])
        how = self.policy if self.trainer is in_one_cohort else own
        asked = how if self.text_test is None else (how, self.text_test.digest)
        return fingerprint(self.source, self.task, self.recipe, asked, self.report_on)


def in_one_cohort(
    model: PreTrainedModel,
    workload: Workload,
    legs: Sequence[Leg],
    on_step: Callable[[int], None],
) -> list[Trained]:
    """The legs' candidates trained side by side, as wires of one cohort."""
    test = workload.text_test
    return train_cohort(
        model,
        workload.sites,
        workload.task,
        legs,
        workload.recipe,
        slots=len(legs),
        policy=workload.policy,
        report_on=workload.rows,
        write=None if test is None else partial(answers_in, test),
        gradient_checkpointing=workload.gradient_checkpointing,
        on_step=on_step,
    )


def default_cohort_size(device: str) -> int:
    """Candidates that share a forward pass: many on a GPU, which small batches leave idle, few on a CPU,
    where the arithmetic is the limit and more candidates only add padding."""
    return 32 if device.startswith("cuda") else 4


def form_cohorts(
    candidates: Sequence[Candidate], sites: Sequence[Site], size: int, *, max_padding: float
) -> list[list[int]]:
    """Indices of the candidates, in cohorts of at most ``size`` with like allocations together.

    A cohort's wires have its largest rank at every site. max_padding: how many parameters that may add
    to a candidate's own on average; a cohort ends where the next candidate would exceed it.
    """
    cost = {site.name: site.cost_per_rank for site in sites}
    cohorts: list[list[int]] = []
    largest: dict[str, int] = {}
    own = 0
    for index in sorted(range(len(candidates)), key=lambda i: (candidates[i].allocation.ranks, i)):
        ranks = dict(candidates[index].allocation.ranks)
        joint = {
            name: max(ranks.get(name, 0), largest.get(name, 0)) for name in ranks.keys() | largest.keys()
        }
        params = sum(cost[name] * rank for name, rank in ranks.items())
        padded = sum(cost[name] * rank for name, rank in joint.items())
        members = len(cohorts[-1]) + 1 if cohorts else 1
        if not cohorts or members > size or padded - (own + params) / members > max_padding:
            cohorts.append([])
            joint, own = ranks, 0
        cohorts[-1].append(index)
        largest, own = joint, own + params
    return cohorts


def _max_padding(workload: Workload, device: str, models: BaseModels) -> float:
    """On a GPU wider wires are nearly free; on a CPU they may add a twentieth of the base model's work."""
    if device.startswith("cuda"):
        return float("inf")
    return base_params(models.on(workload.source, device)) / 20


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Legs of one workload's candidates, of none two that end elsewhere. known: those that are not to be
    trained."""

    workload: Workload
    legs: Sequence[Leg]
    known: Container[Leg] = ()


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """An ``Executor`` on the devices of this machine, in this process or in several.

    Nothing of the candidates is kept here. Cohorts are formed of all legs of a workload, the known
    ones among them, before they are spread: a run that goes on after an interruption trains the cohorts
    that are left as it would have, and results depend on ``devices`` and ``jobs`` by no more than
    rounding. Others go on from a leg that is not whole, and carry its rounding on: where its cohort was
    interrupted all of that is trained again, the known ones beside those that are not. A process that dies
    costs its cohort's work alone, as ``outlived`` says; a candidate that ends its own process when it is
    alone has failed.

    Args:
        devices: cohorts go round them.
        cohort_size: candidates that share a forward pass, at most.
        jobs: 1 trains in this process; above that, so many processes, but never more than cohorts, each with
            models of its own. Steps are then counted once a cohort has finished.
        threads: CPU threads of each process, by default its share of the cores.
    """

    devices: tuple[str, ...]
    cohort_size: int
    jobs: int = 1
    threads: int | None = None

    def __call__(
        self,
        work: Sequence[Work],
        models: BaseModels,
        *,
        on_done: Callable[[int, Trained], None],
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        assignments = list(_assignments(work, self.devices, self.cohort_size, models))
        for assignment, trained in _run(assignments, self.jobs, self.threads, models, on_step):
            for leg, done in zip(assignment.legs, trained, strict=True):
                if leg not in work[assignment.work].known:
                    on_done(assignment.work, done)


@dataclass(frozen=True, slots=True, eq=False)
class _Assignment:
    """Legs to train together on a device. work: the index of theirs."""

    work: int
    workload: Workload
    legs: tuple[Leg, ...]
    device: str

    def each_alone(self) -> list[_Assignment]:
        return [replace(self, legs=(one,)) for one in self.legs]

    def failed(self, reason: str, *, may_pass: bool = False) -> list[Trained]:
        return [one.failed(reason, may_pass=may_pass) for one in self.legs]

    def steps(self, trained: Sequence[Trained]) -> int:
        """Candidate-steps that were taken for these results."""
        ends = sum(len(one.evaluation.curve) for one in trained)
        return ends - sum(leg.begun_at for leg in self.legs)


def _assignments(
    work: Sequence[Work], devices: Sequence[str], cohort_size: int, models: BaseModels
) -> Iterator[_Assignment]:
    """Every cohort that is not known, without its known legs where all are whole; the devices in turn."""
    place = cycle(devices)
    for index, one in enumerate(work):
        padding = _max_padding(one.workload, devices[0], models)
        candidates = [leg.candidate for leg in one.legs]
        for cohort in form_cohorts(candidates, one.workload.sites, cohort_size, max_padding=padding):
            legs = tuple(one.legs[i] for i in cohort)
            left = tuple(leg for leg in legs if leg not in one.known)
            if left:
                again = left if all(leg.is_whole for leg in legs) else legs
                yield _Assignment(index, one.workload, again, next(place))


def _run(
    assignments: Sequence[_Assignment],
    jobs: int,
    threads: int | None,
    models: BaseModels,
    on_step: Callable[[int], None],
) -> Iterator[tuple[_Assignment, list[Trained]]]:
    """Each with what came of it, done in this process, or in several, of which none is without work."""
    if jobs == 1:
        for assignment in assignments:
            yield assignment, _train(assignment, models, on_step)
        return
    jobs = min(jobs, len(assignments))
    threads = threads or max(1, cpu_count() // max(1, jobs))
    _log.info("workers  cohorts: %d, processes: %d, threads of each: %d", len(assignments), jobs, threads)
    with WorkerProcesses[BaseModels, list[Trained]](jobs, BaseModels) as processes:

        def execute(tasks: Sequence[_Assignment]) -> Iterator[tuple[int, list[Trained] | Died]]:
            return processes([partial(_train_elsewhere, threads, os.getpid(), task) for task in tasks])

        ends = outlived(assignments, execute, parts=_Assignment.each_alone, failed=_killed)
        for assignment, trained in ends:
            on_step(assignment.steps(trained))
            yield assignment, trained


def _killed(assignment: _Assignment, died: Died) -> list[Trained]:
    return assignment.failed(
        f"its worker process {died.how} whenever it was trained, at last alone (out of memory, it may be: "
        "train fewer at a time, or smaller batches)",
        may_pass=True,
    )


def _train_elsewhere(threads: int, parent: int, assignment: _Assignment, models: BaseModels) -> list[Trained]:
    torch.set_num_threads(threads)
    return _train(assignment, models, lambda _: end_without(parent))


def _train(assignment: _Assignment, models: BaseModels, on_step: Callable[[int], None]) -> list[Trained]:
    """The legs trained; failed, with the reason, where their method cannot be used here.

    Raises InputError where the model cannot be loaded, which is none of a candidate's doing.
    """
    workload = assignment.workload
    model = models.on(workload.source, assignment.device)
    try:
        return workload.trainer(model, workload, assignment.legs, on_step)
    except InputError as error:
        return assignment.failed(str(error))
