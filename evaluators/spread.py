"""Training many candidates: forming cohorts, and spreading them over devices and processes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import torch
from joblib import Parallel, cpu_count, delayed
from transformers import PreTrainedModel

from spaces.meta_model import base_params
from spaces.site import Site

from .base_model import ModelSource, load_base_model
from .candidate import Candidate, Recipe, Trained
from .gate_policy import GatePolicy
from .ledger import fingerprint
from .task import ReportOn, Task
from .training import train_cohort

__all__ = ["Workload", "base_model_on", "default_cohort_size", "form_cohorts", "train_all"]


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """What every cohort of a run shares. policy: None where gates stay one. report_on: the rows that
    metric and loss are of."""

    source: ModelSource
    task: Task
    sites: tuple[Site, ...]
    recipe: Recipe
    policy: GatePolicy | None = None
    report_on: ReportOn = "validation"

    @property
    def fingerprint(self) -> str:
        """Of all this, as ``Ledger`` takes it."""
        return fingerprint(self.source, self.task, self.recipe, self.policy, self.report_on)


@cache  # one for each of the run's devices
def base_model_on(source: ModelSource, device: str) -> PreTrainedModel:
    """The frozen base model on a device; loaded once per process and device."""
    return load_base_model(source, device=device)


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


def _max_padding(workload: Workload, device: str) -> float:
    """On a GPU wider wires are nearly free; on a CPU they may add a twentieth of the base model's work."""
    if device.startswith("cuda"):
        return float("inf")
    return base_params(base_model_on(workload.source, device)) / 20


def train_all(
    candidates: Sequence[Candidate],
    workload: Workload,
    *,
    devices: Sequence[str],
    jobs: int,
    cohort_size: int,
    threads: int | None = None,
    known: Container[Candidate] = (),
    on_done: Callable[[Trained], None],
    on_step: Callable[[int], None] = lambda _: None,
) -> None:
    """Trains all candidates that are not ``known``; on_done sees each as soon as its cohort has finished.

    Nothing of them is kept here. Cohorts are formed of all candidates, the known
    ones among them, before they are spread: a run that goes on after an interruption trains the cohorts
    that are left as it would have, and results depend on ``devices`` and ``jobs`` by no more than
    rounding. threads: CPU threads of each job, by default its share of the cores where there are several.
    on_step counts candidate-steps; with several jobs, once per finished cohort.
    """
    padding = _max_padding(workload, devices[0])
    cohorts = form_cohorts(candidates, workload.sites, cohort_size, max_padding=padding)
    cohorts = [kept for c in cohorts if (kept := [i for i in c if candidates[i] not in known])]
    members = [[candidates[i] for i in cohort] for cohort in cohorts]
    for trained in _run(members, workload, devices, jobs, threads, on_step):
        for one in trained:
            on_done(one)


def _run(
    cohorts: Sequence[list[Candidate]],
    workload: Workload,
    devices: Sequence[str],
    jobs: int,
    threads: int | None,
    on_step: Callable[[int], None],
) -> Iterator[list[Trained]]:
    places = [devices[i % len(devices)] for i in range(len(cohorts))]
    if jobs == 1:
        for cohort, device in zip(cohorts, places, strict=True):
            yield _train(workload, cohort, device, on_step)
        return
    threads = threads or max(1, cpu_count() // jobs)
    calls = (
        delayed(partial(_train_elsewhere, threads))(workload, cohort, device)
        for cohort, device in zip(cohorts, places, strict=True)
    )
    for trained in Parallel(n_jobs=jobs, return_as="generator_unordered")(calls):
        on_step(sum(len(one.evaluation.curve) for one in trained))
        yield trained


def _train_elsewhere(
    threads: int, workload: Workload, candidates: list[Candidate], device: str
) -> list[Trained]:
    torch.set_num_threads(threads)
    return _train(workload, candidates, device, lambda _: None)


def _train(
    workload: Workload, candidates: list[Candidate], device: str, on_step: Callable[[int], None]
) -> list[Trained]:
    model = base_model_on(workload.source, device)
    return train_cohort(
        model,
        workload.sites,
        workload.task,
        candidates,
        workload.recipe,
        slots=len(candidates),
        policy=workload.policy,
        report_on=getattr(workload.task, workload.report_on),
        on_step=on_step,
    )
