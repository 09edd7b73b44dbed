"""Fine-tuning many candidates at once over one frozen base model (DESIGN, section 4)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.head import Head
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires

from .adamw import StackedAdamW, clip_per_slot, linear_schedule
from .candidate import Candidate, Evaluation, Recipe, Trained
from .data_order import epoch_batches
from .memory import OUT_OF_MEMORY, is_out_of_memory, peak_memory
from .rows import Rows, padded_inputs
from .score import row_losses, score_logits
from .task import Task

__all__ = ["Cohort", "score_trained", "train_cohort"]


class Cohort:
    """C slots over one frozen model; a slot holds one candidate's wires, head and optimizer state."""

    def __init__(
        self,
        model: PreTrainedModel,
        sites: Sequence[Site],
        candidates: Sequence[Candidate],
        recipe: Recipe,
        *,
        slots: int,
    ) -> None:
        """Makes room for ``slots`` of these candidates at a time; ranks are padded to their largest."""
        ranks: dict[str, int] = {}
        for candidate in candidates:
            for name, rank in candidate.allocation.ranks:
                ranks[name] = max(rank, ranks.get(name, 0))
        self.model, self.recipe = model, recipe
        shapes = {**Wires.shapes(sites, ranks), **Head.shapes(model)}
        self.stacked = Stacked(shapes, slots, device=model.device)
        self.wires = Wires(sites, ranks, self.stacked)
        self.head = Head(model, self.stacked)
        self.optimizer = StackedAdamW(self.stacked.values, weight_decay=recipe.weight_decay)

    def load(self, slot: int, candidate: Candidate) -> None:
        """Starts a candidate in a slot, from its seed."""
        self.wires.load(slot, candidate.allocation, self.recipe.scaling, seed=candidate.seed)
        self.head.load(slot, seed=candidate.seed)
        self.optimizer.reset(slot)

    def restore(self, slot: int, trained: Trained) -> None:
        """Puts a trained candidate into a slot."""
        self.load(slot, trained.evaluation.candidate)
        self.wires.restore(slot, trained.tensors)
        self.head.restore(slot, trained.tensors)

    def trained(self, slot: int) -> dict[str, Tensor]:
        """What a slot trained, on the CPU."""
        tensors = {**self.wires.trained(slot), **self.head.trained(slot)}
        return {name: tensor.cpu() for name, tensor in tensors.items()}

    def step(
        self, slots: Sequence[int], rows: Rows, indices: Sequence[np.ndarray], rates: Sequence[float]
    ) -> Tensor:
        """One optimizer step of these slots on their own rows; their mean losses before it: (slots,)."""
        self.stacked.select(slots)
        width = max(len(index) for index in indices)
        flat = np.concatenate(
            [np.resize(index, width) for index in indices]
        )  # short batches repeat rows, at weight 0
        weights = np.stack([(np.arange(width) < len(index)) / len(index) for index in indices])
        device = self.stacked.values.device
        losses = row_losses(self._logits(rows, flat), _labels(rows, flat, device))
        per_slot = (losses.view(len(slots), width) * torch.from_numpy(weights).to(losses)).sum(1)
        grads = self.stacked.gradient(per_slot.sum())
        clip_per_slot(grads, self.recipe.max_grad_norm)
        learning_rates = torch.zeros(self.stacked.slots, 1)
        learning_rates[list(slots), 0] = torch.tensor(rates)
        self.optimizer.step(grads, learning_rates)
        return per_slot.detach()

    @torch.no_grad()
    def logits(self, slots: Sequence[int], rows: Rows) -> Tensor:
        """Logits of these slots on all rows, in the rows' order: (slots, rows, labels), on the CPU."""
        self.stacked.select(tuple(slots))
        order = np.argsort([len(ids) for ids in rows.input_ids], kind="stable")
        size = max(1, self.recipe.eval_batch_size // len(slots))
        parts = []
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            logits = self._logits(rows, np.tile(batch, len(slots)))
            parts.append(logits.view(len(slots), len(batch), -1).float().cpu())
        return torch.cat(parts, dim=1)[:, np.argsort(order)]

    def _logits(self, rows: Rows, flat: np.ndarray) -> Tensor:
        inputs = padded_inputs(rows, flat, pad_token_id=self.model.config.pad_token_id)
        tensors = {name: torch.from_numpy(array).to(self.model.device) for name, array in inputs.items()}
        logits: Tensor = self.model(**tensors).logits
        return logits


def _labels(rows: Rows, indices: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(rows.labels[indices]).to(device)


@dataclass(slots=True)
class _Run:
    """A candidate in its slot."""

    candidate: Candidate
    batches: Iterator[np.ndarray]
    total: int
    step: int = 0
    curve: list[float] = field(default_factory=list)


def train_cohort(
    model: PreTrainedModel,
    sites: Sequence[Site],
    task: Task,
    candidates: Sequence[Candidate],
    recipe: Recipe,
    *,
    slots: int,
    on_step: Callable[[int], None] = lambda _: None,
) -> list[Trained]:
    """Trains every candidate and evaluates it on the validation rows; in the order given.

    At most ``slots`` train at a time; a slot whose candidate is finished or has failed takes the next.
    Where memory runs out, those not yet finished start again with half the slots; a single candidate
    that does not fit is marked failed. on_step is called with the number of candidate-steps done.
    """
    done: dict[int, Trained] = {}
    slots = min(slots, len(candidates))
    while len(done) < len(candidates):
        waiting = [i for i in range(len(candidates)) if i not in done]
        try:
            _Training(model, sites, task, candidates, recipe, slots, on_step).run(waiting, done)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if slots == 1:
                reason = f"{OUT_OF_MEMORY} with one candidate at a time: {str(error).splitlines()[0]}"
                lost = next(i for i in waiting if i not in done)
                done[lost] = Trained(Evaluation(candidates[lost], None, None, reason, (), 0.0, 0), {})
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
        on_step: Callable[[int], None],
    ) -> None:
        self.cohort = Cohort(model, sites, candidates, recipe, slots=slots)
        self.task, self.candidates, self.recipe, self.on_step = task, candidates, recipe, on_step
        self.running: dict[int, tuple[int, _Run]] = {}  # slot -> (index of the candidate, its run)
        self.lengths = np.array([len(ids) for ids in task.train.input_ids])

    def run(self, waiting: Sequence[int], done: dict[int, Trained]) -> None:
        """Trains the waiting candidates, adding each to ``done`` as it finishes."""
        model, queue = self.cohort.model, deque(waiting)
        if model.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(model.device)
        with self.cohort.wires.attach(model, renorm=self.recipe.renorm), self.cohort.head.attach():
            started = time.perf_counter()
            while queue or self.running:
                for slot in range(self.cohort.stacked.slots):
                    if queue and slot not in self.running:
                        self._start(slot, queue.popleft())
                failed = self._step()
                for slot, reason in failed.items():
                    index, run = self.running.pop(slot)
                    done[index] = Trained(_failure(run, reason), {})
                self._finish(done, time.perf_counter() - started, share=len(waiting))

    def _start(self, slot: int, index: int) -> None:
        candidate = self.candidates[index]
        self.cohort.load(slot, candidate)
        total = self.recipe.steps(len(self.lengths))
        self.running[slot] = index, _Run(candidate, self._batches(candidate.seed), total)

    def _batches(self, seed: int) -> Iterator[np.ndarray]:
        epoch = 0
        while True:
            yield from epoch_batches(self.lengths, self.recipe.batch_size, seed=seed, epoch=epoch)
            epoch += 1

    def _step(self) -> dict[int, str]:
        """One step of every running slot; the reasons of those that diverged."""
        slots = sorted(self.running)
        runs = [self.running[slot][1] for slot in slots]
        rates = [
            r.candidate.learning_rate * linear_schedule(r.step, r.total, warmup=self.recipe.warmup)
            for r in runs
        ]
        losses = self.cohort.step(slots, self.task.train, [next(run.batches) for run in runs], rates).tolist()
        self.on_step(len(slots))
        failed = {}
        for slot, run, loss in zip(slots, runs, losses, strict=True):
            run.step += 1
            run.curve.append(loss)
            if not math.isfinite(loss):
                failed[slot] = (
                    f"the training loss became {loss} at step {run.step} of {run.total}; lower --lr"
                )
        return failed

    def _finish(self, done: dict[int, Trained], elapsed: float, *, share: int) -> None:
        slots = [
            slot for slot in sorted(self.running) if self.running[slot][1].step == self.running[slot][1].total
        ]
        if not slots:
            return
        logits = self.cohort.logits(slots, self.task.validation)
        for slot, own in zip(slots, logits, strict=True):
            index, run = self.running.pop(slot)
            score = score_logits(own, self.task.validation, self.task)
            if score is None:
                done[index] = Trained(
                    _failure(run, "its outputs after training are not finite; lower --lr"), {}
                )
                continue
            metric, loss = score
            evaluation = Evaluation(
                run.candidate,
                metric,
                loss,
                None,
                tuple(run.curve),
                elapsed / share,
                peak_memory(self.cohort.model.device),
            )
            done[index] = Trained(evaluation, self.cohort.trained(slot))


def score_trained(
    model: PreTrainedModel, sites: Sequence[Site], task: Task, trained: Sequence[Trained], recipe: Recipe
) -> list[float | None]:
    """The task's metric on its test rows, of each in order; None where it failed or is not finite."""
    metrics: list[float | None] = [None] * len(trained)
    finished = [i for i, one in enumerate(trained) if one.evaluation.failure is None]
    if finished:
        candidates = [trained[i].evaluation.candidate for i in finished]
        cohort = Cohort(model, sites, candidates, recipe, slots=len(finished))
        for slot, i in enumerate(finished):
            cohort.restore(slot, trained[i])
        with cohort.wires.attach(model, renorm=recipe.renorm), cohort.head.attach():
            logits = cohort.logits(range(len(finished)), task.test)
        for i, own in zip(finished, logits, strict=True):
            score = score_logits(own, task.test, task)
            metrics[i] = None if score is None else score[0]
    return metrics


def _failure(run: _Run, reason: str) -> Evaluation:
    return Evaluation(run.candidate, None, None, reason, tuple(run.curve), 0.0, 0)
