"""Fine-tuning candidates in a cohort, under one gate policy (DESIGN, sections 4 and 5)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from spaces.allocation import Allocation
from spaces.objective import Around, directly
from spaces.site import Site

from .adamw import linear_schedule
from .candidate import Course, Evaluation, Recipe, Trained
from .cohort import Cohort, nothing_more
from .data_order import batches_from
from .diverged import loss_diverged, outputs_diverged
from .gate_policy import GateHooks, GatePolicy, NeverActedError, Step
from .leg import Leg
from .memory import CrowdedError, is_out_of_memory, peak_memory, reset_peak_memory, why_it_did_not_fit
from .sparing import MicroBatches, Sparing
from .train_step import train_step

__all__ = ["Write", "train_cohort"]

_AS_IT_IS: Final = Sparing()

Write = Callable[[Cohort, Sequence[int], Around], Sequence[tuple[str, ...]]]
"""What these slots of a cohort answer to prompts, the model asked in this way."""


@dataclass(slots=True)
class _Run:
    """A leg in its slot. total: the steps of all of its candidate's training. until: of them by its end.
    params: those that train, at its candidate's start. curve, trained: the losses and the parameters that
    trained, of every step so far. seconds: its share of the time so far. With the legs before it."""

    leg: Leg
    batches: Iterator[np.ndarray]
    total: int
    until: int
    params: int
    curve: list[float]
    trained: list[int]
    seconds: float

    @property
    def step(self) -> int:
        """How many steps are taken."""
        return len(self.curve)

    def failed(self, reason: str, *, may_pass: bool = False) -> Trained:
        return self.leg.failed(reason, curve=tuple(self.curve), seconds=self.seconds, may_pass=may_pass)


def train_cohort(
    model: PreTrainedModel,
    sites: Sequence[Site],
    task: Task,
    legs: Sequence[Leg],
    recipe: Recipe,
    *,
    slots: int,
    policy: GatePolicy | None = None,
    report_on: Rows | None = None,
    write: Write | None = None,
    sparing: Sparing = _AS_IT_IS,
    on_step: Callable[[int], None] = lambda _: None,
) -> list[Trained]:
    """Trains the candidate of every leg to the leg's end and evaluates it there; in the order given.

    At most ``slots`` train at a time; a slot whose leg is finished or has failed takes the next.
    A candidate that does not fit into memory by itself is marked failed, as is one on which the policy
    never acted.

    Args:
        model: frozen; it is left as it was.
        sites: where a candidate may have a wire.
        task: rows and objective.
        legs: each with its candidate, and where that begins and pauses; of no candidate two.
        recipe: how all of them are trained.
        slots: how many train at a time, at most.
        policy: what the gates do; None: they stay one. What a policy remembers is not kept where a candidate
            pauses.
        report_on: the rows that metric and loss are of; by default the validation rows.
        write: what they are to write when they have finished; None: nothing.
        sparing: how memory is spared. Blocks are not computed twice where a policy trains or replaces the
            base model's own weights. One candidate alone that does not fit, and has no policy, goes on in
            micro-batches of half as many rows, down to one.
        on_step: called with the number of candidate-steps done.

    Raises CrowdedError where several do not fit into memory, and ValueError on what cannot be done under a
    policy: a leg that is not whole, and a candidate with a scaling of its own.
    """
    if policy is not None:
        _refuse_under(policy, legs)
    done: dict[int, Trained] = {}
    slots = min(slots, len(legs))
    rows, training = task.validation if report_on is None else report_on, None
    try:
        training = _Training(model, sites, task, legs, recipe, slots, policy, rows, write, sparing, on_step)
        training.run(done)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if len(legs) > 1:
            raise CrowdedError(done) from None
        running = {} if training is None else dict(training.running.values())
        done[0] = running.get(0, legs[0]).failed(why_it_did_not_fit(error), may_pass=True)
    return [done[i] for i in range(len(legs))]


def _refuse_under(policy: GatePolicy, legs: Sequence[Leg]) -> None:
    """Raises ValueError on a leg that no policy can train."""
    if not all(leg.is_whole for leg in legs):
        raise ValueError(f"policy={policy} has a memory of its own, so none of its candidates can pause.")
    if own := [leg.candidate for leg in legs if leg.candidate.scaling is not None]:
        raise ValueError(f"{own[0]} has a scaling of its own; under a policy it is the recipe's.")


class _Training:
    """One pass of ``train_cohort`` at one number of slots."""

    def __init__(
        self,
        model: PreTrainedModel,
        sites: Sequence[Site],
        task: Task,
        legs: Sequence[Leg],
        recipe: Recipe,
        slots: int,
        policy: GatePolicy | None,
        report_on: Rows,
        write: Write | None,
        sparing: Sparing,
        on_step: Callable[[int], None],
    ) -> None:
        more = nothing_more if policy is None else policy.shapes
        candidates = [leg.candidate for leg in legs]
        self.cohort = Cohort(model, sites, task.objective, candidates, recipe, slots=slots, more=more)
        self.hooks = GateHooks() if policy is None else policy.hooks(self.cohort, task)
        self.task, self.legs, self.recipe, self.on_step = task, legs, recipe, on_step
        self.report_on, self.write = report_on, write
        recompute = sparing.gradient_checkpointing and self.hooks.around is None
        alone = policy is None and len(legs) == 1
        parts = MicroBatches(sparing.micro_batch_size or recipe.batch_size, adapts=alone)
        self.train_step = partial(train_step, micro_batches=parts, recompute=recompute)
        self.running: dict[int, tuple[int, _Run]] = {}  # slot -> (index of the leg, its run)
        self.lengths = np.array([len(ids) for ids in task.train.input_ids])
        self.cost = {site.name: site.cost_per_rank for site in sites}

    def run(self, done: dict[int, Trained]) -> None:
        """Trains all legs, adding each to ``done`` as it finishes."""
        model, queue = self.cohort.model, deque(range(len(self.legs)))
        reset_peak_memory(model.device)
        with self.cohort.wires.attach(model, renorm=self.recipe.renorm), self.cohort.head.attach():
            while queue or self.running:
                for slot in range(self.cohort.stacked.slots):
                    if queue and slot not in self.running:
                        self._start(slot, queue.popleft())
                failed = self._step()
                for slot, reason in failed.items():
                    index, run = self.running.pop(slot)
                    done[index] = run.failed(reason)
                self._finish(done)

    def _start(self, slot: int, index: int) -> None:
        leg, began = self.legs[index], time.perf_counter()
        candidate, begun = leg.candidate, leg.begun
        if begun is None:
            self.cohort.load(slot, candidate)
        else:
            self.cohort.resume(slot, candidate, begun)
        self.hooks.start(slot, candidate)
        total = self.recipe.steps(len(self.lengths))
        params = self._params(candidate.allocation) + self._gates(candidate.allocation)
        size, seed = self.recipe.batch_size, candidate.seed
        batches = batches_from(self.lengths, size, seed=seed, step=leg.begun_at)
        curve, seconds = ([], 0.0) if begun is None else (list(begun.curve), begun.seconds)
        run = _Run(leg, batches, total, leg.ends_at(total), params, curve, [params] * len(curve), seconds)
        run.seconds += time.perf_counter() - began
        self.running[slot] = index, run

    def _params(self, allocation: Allocation) -> int:
        """Of its wires, and of the base model's weights where the policy trains copies of them."""
        leaves = self.cohort.stacked.leaf.items()
        base = sum(leaf[0].numel() for name, leaf in leaves if name.startswith("base."))
        return base + sum(rank * self.cost[name] for name, rank in allocation.ranks)

    def _gates(self, allocation: Allocation) -> int:
        """How many gates it trains."""
        return sum(rank for name, rank in allocation.ranks if f"{name}.g" in self.cohort.stacked.leaf)

    def _step(self) -> dict[int, str]:
        """One step of every running slot; the reasons of those that diverged."""
        began, slots = time.perf_counter(), sorted(self.running)
        runs = [self.running[slot][1] for slot in slots]
        steps = [
            Step(slot, run.step, run.total, run.leg.candidate.learning_rate * self._schedule(run))
            for slot, run in zip(slots, runs, strict=True)
        ]
        batches = [next(run.batches) for run in runs]
        losses, active = self.train_step(self.cohort, steps, self.task.train, batches, self.hooks)
        self.on_step(len(slots))
        failed = {}
        values = losses.tolist()  # waits for the device
        share = (time.perf_counter() - began) / len(slots)
        for slot, run, loss in zip(slots, runs, values, strict=True):
            run.seconds += share
            run.curve.append(loss)
            run.trained.append(run.params if active is None else self.cohort.params_at(slot, active))
            if not math.isfinite(loss):
                rate = run.leg.candidate.learning_rate
                failed[slot] = loss_diverged(loss, step=run.step, total=run.total, learning_rate=rate)
        return failed

    def _schedule(self, run: _Run) -> float:
        return linear_schedule(run.step, run.total, warmup=self.recipe.warmup)

    def _finish(self, done: dict[int, Trained]) -> None:
        """Evaluates those that have taken their leg's last step, together, and adds them to ``done``."""
        began, slots = time.perf_counter(), []
        for slot, (index, run) in sorted(self.running.items()):
            if run.step < run.until:
                continue
            try:
                self.hooks.finish(slot)
            except NeverActedError as error:
                del self.running[slot]
                done[index] = run.failed(str(error))
            else:
                slots.append(slot)
        outputs = self._outputs([slot for slot in slots if self.running[slot][1].leg.judged])
        share = (time.perf_counter() - began) / max(1, len(outputs))
        answers = self._answers([slot for slot in slots if self.running[slot][1].leg.until is None])
        for slot in slots:
            index, run = self.running.pop(slot)
            run.seconds += share if slot in outputs else 0.0
            done[index] = self._finished(slot, run, outputs.get(slot), answers.get(slot))

    def _outputs(self, slots: Sequence[int]) -> dict[int, Tensor]:
        """What each of these slots says of the rows to report on."""
        if not slots:
            return {}
        outputs = self.cohort.outputs(slots, self.report_on, around=self.hooks.around or directly)
        return dict(zip(slots, outputs, strict=True))

    def _answers(self, slots: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """What each of these slots answers; of nobody, where there is nothing to write."""
        if self.write is None or not slots:
            return {}
        answers = self.write(self.cohort, slots, self.hooks.around or directly)
        return dict(zip(slots, answers, strict=True))

    def _finished(
        self, slot: int, run: _Run, outputs: Tensor | None, answers: tuple[str, ...] | None
    ) -> Trained:
        """What came of a slot's leg. outputs: what it says of the rows to report on, (rows, k); None where it
        is not judged."""
        score = None if outputs is None else self.task.objective.score(outputs, self.report_on.labels)
        if outputs is not None and score is None:
            return run.failed(outputs_diverged(run.leg.candidate.learning_rate))
        begun, curve = run.leg.begun, tuple(run.curve)
        memory = max(peak_memory(self.cohort.model.device), 0 if begun is None else begun.peak_memory)
        evaluation = Evaluation(
            run.leg.candidate,
            None if score is None else score.metric,
            None if score is None else score.loss,
            None,
            curve,
            run.seconds,
            memory,
            () if score is None else score.beside,
        )
        if run.step < run.total:
            state = self.cohort.state(slot, curve=curve, seconds=run.seconds, peak_memory=memory)
            return Trained(evaluation, {}, state=state)
        return Trained(evaluation, self.cohort.trained(slot), self._course(slot, run), answers)

    def _course(self, slot: int, run: _Run) -> Course:
        """What a slot's candidate trained on its way to its end."""
        ranks, trained = self.cohort.wires.ranks(slot), run.trained
        return Course(
            ranks,
            max(trained),
            sum(trained) / len(trained),
            self._params(ranks),
            self.hooks.history(slot),
            adapter=self.hooks.around is None,
        )
