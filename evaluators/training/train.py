"""Fine-tuning candidates in a cohort, under one gate policy (DESIGN, sections 4 and 5)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from spaces.allocation import Allocation
from spaces.objective import Around, directly
from spaces.site import Site

from .adamw import clip_per_slot, linear_schedule
from .candidate import Candidate, Course, Evaluation, Recipe, Trained
from .cohort import Cohort, nothing_more
from .data_order import epoch_batches
from .gate_policy import GateHooks, GatePolicy, NeverActedError, Step
from .memory import is_out_of_memory, peak_memory, reset_peak_memory, why_it_did_not_fit

__all__ = ["Write", "train_cohort", "train_step"]

Write = Callable[[Cohort, Sequence[int], Around], Sequence[tuple[str, ...]]]
"""What these slots of a cohort answer to prompts, the model asked in this way."""


def train_step(
    cohort: Cohort,
    steps: Sequence[Step],
    rows: Rows,
    indices: Sequence[np.ndarray],
    hooks: GateHooks,
    *,
    recompute: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """One optimizer step of these slots on their own rows; their mean losses before it, (slots,).

    Second, where it trained: (C, P) bool, None for everywhere.

    Args:
        cohort: with its wires and head attached.
        steps: one of each slot that takes part.
        rows: those to train on.
        indices: of each of these slots' own batch, in their order.
        hooks: what the gate policy does meanwhile.
        recompute: whether the model's blocks are computed again in the backward pass (``Cohort.recomputed``).
    """
    slots = [step.slot for step in steps]
    cohort.stacked.select(slots)
    hooks.before(steps)
    around = hooks.around or directly

    def now() -> Tensor:
        return cohort.losses(slots, rows, indices, around=around)

    with cohort.recomputed() if recompute else nullcontext():
        losses = now()
        penalty = hooks.penalty(steps, now)
        gradient = cohort.stacked.gradient(losses.sum() if penalty is None else losses.sum() + penalty)
    active = hooks.trains(steps)
    if active is not None:
        gradient.mul_(active)
    clip_per_slot(gradient, cohort.recipe.max_grad_norm)
    hooks.observe(steps, gradient)
    rates = torch.zeros(cohort.stacked.slots, 1)
    rates[slots, 0] = torch.tensor([step.learning_rate for step in steps])
    cohort.optimizer.step(gradient, rates, active=active)
    hooks.after(steps)
    return losses.detach(), active


@dataclass(slots=True)
class _Run:
    """A candidate in its slot. params: those that train, at its start. trained: the same, at every step.
    seconds: its share of the time so far."""

    candidate: Candidate
    batches: Iterator[np.ndarray]
    total: int
    params: int
    seconds: float
    step: int = 0
    curve: list[float] = field(default_factory=list)
    trained: list[int] = field(default_factory=list)


def train_cohort(
    model: PreTrainedModel,
    sites: Sequence[Site],
    task: Task,
    candidates: Sequence[Candidate],
    recipe: Recipe,
    *,
    slots: int,
    policy: GatePolicy | None = None,
    report_on: Rows | None = None,
    write: Write | None = None,
    gradient_checkpointing: bool = False,
    on_step: Callable[[int], None] = lambda _: None,
) -> list[Trained]:
    """Trains every candidate and evaluates it; in the order given.

    At most ``slots`` train at a time; a slot whose candidate is finished or has failed takes the next.
    Where memory runs out, those not yet finished start again with half the slots; a single candidate
    that does not fit is marked failed, as is one on which the policy never acted.

    Args:
        model: frozen; it is left as it was.
        sites: where a candidate may have a wire.
        task: rows and objective.
        candidates: each with its allocation, seed and learning rate.
        recipe: how all of them are trained.
        slots: how many train at a time, at most.
        policy: what the gates do; None: they stay one.
        report_on: the rows that metric and loss are of; by default the validation rows.
        write: what they are to write when they have finished; None: nothing.
        gradient_checkpointing: whether steps compute the model's blocks twice to save memory, with the same
            results; not where a policy trains or replaces the base model's own weights.
        on_step: called with the number of candidate-steps done.
    """
    done: dict[int, Trained] = {}
    slots = min(slots, len(candidates))
    rows = task.validation if report_on is None else report_on
    while len(done) < len(candidates):
        waiting = [i for i in range(len(candidates)) if i not in done]
        try:
            training = _Training(model, sites, task, candidates, recipe, slots, policy, rows, write, on_step)
            training.recompute = gradient_checkpointing and training.hooks.around is None
            training.run(waiting, done)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if slots == 1:
                lost = next(i for i in waiting if i not in done)
                why = why_it_did_not_fit(error)
                failed = Evaluation(candidates[lost], None, None, why, (), 0.0, 0, may_pass=True)
                done[lost] = Trained(failed, {})
            slots = max(1, slots // 2)
        if model.device.type == "cuda":
            torch.cuda.empty_cache()
    return [done[i] for i in range(len(candidates))]


class _Training:
    """One pass of ``train_cohort`` at one number of slots."""

    def __init__(
        self,
        model: PreTrainedModel,
        sites: Sequence[Site],
        task: Task,
        candidates: Sequence[Candidate],
        recipe: Recipe,
        slots: int,
        policy: GatePolicy | None,
        report_on: Rows,
        write: Write | None,
        on_step: Callable[[int], None],
    ) -> None:
        more = nothing_more if policy is None else policy.shapes
        self.cohort = Cohort(model, sites, task.objective, candidates, recipe, slots=slots, more=more)
        self.hooks = GateHooks() if policy is None else policy.hooks(self.cohort, task)
        self.task, self.candidates, self.recipe, self.on_step = task, candidates, recipe, on_step
        self.report_on, self.write, self.recompute = report_on, write, False
        self.running: dict[int, tuple[int, _Run]] = {}  # slot -> (index of the candidate, its run)
        self.lengths = np.array([len(ids) for ids in task.train.input_ids])
        self.cost = {site.name: site.cost_per_rank for site in sites}

    def run(self, waiting: Sequence[int], done: dict[int, Trained]) -> None:
        """Trains the waiting candidates, adding each to ``done`` as it finishes."""
        model, queue = self.cohort.model, deque(waiting)
        reset_peak_memory(model.device)
        with self.cohort.wires.attach(model, renorm=self.recipe.renorm), self.cohort.head.attach():
            while queue or self.running:
                for slot in range(self.cohort.stacked.slots):
                    if queue and slot not in self.running:
                        self._start(slot, queue.popleft())
                failed = self._step()
                for slot, reason in failed.items():
                    index, run = self.running.pop(slot)
                    done[index] = Trained(_failure(run, reason), {})
                self._finish(done)

    def _start(self, slot: int, index: int) -> None:
        candidate, began = self.candidates[index], time.perf_counter()
        self.cohort.load(slot, candidate)
        self.hooks.start(slot, candidate)
        total = self.recipe.steps(len(self.lengths))
        params = self._params(candidate.allocation) + self._gates(candidate.allocation)
        seconds = time.perf_counter() - began
        self.running[slot] = index, _Run(candidate, self._batches(candidate.seed), total, params, seconds)

    def _params(self, allocation: Allocation) -> int:
        """Of its wires, and of the base model's weights where the policy trains copies of them."""
        leaves = self.cohort.stacked.leaf.items()
        base = sum(leaf[0].numel() for name, leaf in leaves if name.startswith("base."))
        return base + sum(rank * self.cost[name] for name, rank in allocation.ranks)

    def _gates(self, allocation: Allocation) -> int:
        """How many gates it trains."""
        return sum(rank for name, rank in allocation.ranks if f"{name}.g" in self.cohort.stacked.leaf)

    def _batches(self, seed: int) -> Iterator[np.ndarray]:
        epoch = 0
        while True:
            yield from epoch_batches(self.lengths, self.recipe.batch_size, seed=seed, epoch=epoch)
            epoch += 1

    def _step(self) -> dict[int, str]:
        """One step of every running slot; the reasons of those that diverged."""
        began, slots = time.perf_counter(), sorted(self.running)
        runs = [self.running[slot][1] for slot in slots]
        steps = [
            Step(slot, run.step, run.total, run.candidate.learning_rate * self._schedule(run))
            for slot, run in zip(slots, runs, strict=True)
        ]
        batches = [next(run.batches) for run in runs]
        losses, active = train_step(
            self.cohort, steps, self.task.train, batches, self.hooks, recompute=self.recompute
        )
        self.on_step(len(slots))
        failed = {}
        values = losses.tolist()  # waits for the device
        share = (time.perf_counter() - began) / len(slots)
        for slot, run, loss in zip(slots, runs, values, strict=True):
            run.step += 1
            run.seconds += share
            run.curve.append(loss)
            run.trained.append(run.params if active is None else self.cohort.params_at(slot, active))
            if not math.isfinite(loss):
                failed[slot] = (
                    f"the training loss became {loss} at step {run.step} of {run.total}; lower `lr`"
                )
        return failed

    def _schedule(self, run: _Run) -> float:
        return linear_schedule(run.step, run.total, warmup=self.recipe.warmup)

    def _finish(self, done: dict[int, Trained]) -> None:
        """Evaluates those that have taken their last step, together, and adds them to ``done``."""
        began, slots = time.perf_counter(), []
        for slot, (index, run) in sorted(self.running.items()):
            if run.step < run.total:
                continue
            try:
                self.hooks.finish(slot)
            except NeverActedError as error:
                del self.running[slot]
                done[index] = Trained(_failure(run, str(error)), {})
            else:
                slots.append(slot)
        if not slots:
            return
        around = self.hooks.around or directly
        outputs = self.cohort.outputs(slots, self.report_on, around=around)
        share = (time.perf_counter() - began) / len(slots)
        answers = [None] * len(slots) if self.write is None else self.write(self.cohort, slots, around)
        for slot, own, said in zip(slots, outputs, answers, strict=True):
            index, run = self.running.pop(slot)
            run.seconds += share
            done[index] = self._finished(slot, run, own, said)

    def _finished(self, slot: int, run: _Run, outputs: Tensor, answers: tuple[str, ...] | None) -> Trained:
        """What came of a slot's candidate. outputs: what it says of the rows to report on, (rows, k)."""
        score = self.task.objective.score(outputs, self.report_on.labels)
        if score is None:
            return Trained(_failure(run, "its outputs after training are not finite; lower `lr`"), {})
        evaluation = Evaluation(
            run.candidate,
            score.metric,
            score.loss,
            None,
            tuple(run.curve),
            run.seconds,
            peak_memory(self.cohort.model.device),
            score.beside,
        )
        ranks = self.cohort.wires.ranks(slot)
        course = Course(
            ranks,
            max(run.trained),
            sum(run.trained) / len(run.trained),
            self._params(ranks),
            self.hooks.history(slot),
            adapter=self.hooks.around is None,
        )
        return Trained(evaluation, self.cohort.trained(slot), course, answers)


def _failure(run: _Run, reason: str) -> Evaluation:
    return Evaluation(run.candidate, None, None, reason, tuple(run.curve), 0.0, 0)
