"""Many candidates at once over one frozen base model (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.model_inputs import model_inputs
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.score import row_losses, score_logits
from spaces.head import Head
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires

from .adamw import StackedAdamW
from .candidate import Candidate, Recipe, Trained, refuse_other_weights

__all__ = ["Cohort", "logits_of", "score_trained"]


def nothing_more(_sites: Sequence[Site], _ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """What a plain adapter trains besides its wires and the head."""
    return {}


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
        more: Callable[[Sequence[Site], Mapping[str, int]], Mapping[str, tuple[int, ...]]] = nothing_more,
    ) -> None:
        """Makes room for ``slots`` of these candidates at a time; ranks are padded to their largest.

        more: shapes, without the slot axis, of what else is trained, given the sites and their ranks.
        """
        ranks: dict[str, int] = {}
        for candidate in candidates:
            for name, rank in candidate.allocation.ranks:
                ranks[name] = max(rank, ranks.get(name, 0))
        self.model, self.recipe = model, recipe
        shapes = {**Wires.shapes(sites, ranks), **more(sites, ranks), **Head.shapes(model)}
        self.stacked = Stacked(shapes, slots, device=model.device)
        self.wires = Wires(sites, ranks, self.stacked)
        self.head = Head(model, self.stacked)
        self._wire_params = sum(prod(shape) for name, shape in shapes.items() if not name.startswith("head."))
        self.optimizer = StackedAdamW(self.stacked.values, weight_decay=recipe.weight_decay)
        self.forward: Callable[[Mapping[str, Tensor]], Tensor] = self._of_the_model

    def load(self, slot: int, candidate: Candidate) -> None:
        """Starts a candidate in a slot, from its seed."""
        self.wires.load(slot, candidate.allocation, self.recipe.scaling, seed=candidate.seed)
        self.head.load(slot, seed=candidate.seed)
        self.optimizer.reset(slot)

    def restore(self, slot: int, trained: Trained) -> None:
        """Puts a trained candidate into a slot, at the ranks it ended with."""
        self.load(slot, replace(trained.evaluation.candidate, allocation=trained.allocation))
        self.wires.restore(slot, trained.tensors)
        self.head.restore(slot, trained.tensors)

    def trained(self, slot: int) -> dict[str, Tensor]:
        """What a slot trained, on the CPU, its wires cut to the ranks whose gate is not zero."""
        tensors = {**self.wires.trained(slot), **self.head.trained(slot)}
        return {name: tensor.cpu() for name, tensor in tensors.items()}

    def losses(self, slots: Sequence[int], rows: Rows, indices: Sequence[np.ndarray]) -> Tensor:
        """Mean loss of each slot, which is selected, over its own rows: (slots,), with its graph."""
        self.stacked.select(slots)
        width = max(len(index) for index in indices)
        flat = np.concatenate(
            [np.resize(index, width) for index in indices]
        )  # short batches repeat rows, at weight 0
        weights = np.stack([(np.arange(width) < len(index)) / len(index) for index in indices])
        device = self.stacked.values.device
        losses = row_losses(self._logits(rows, flat), _labels(rows, flat, device))
        return (losses.view(len(slots), width) * torch.from_numpy(weights).to(losses)).sum(1)

    def params_at(self, slot: int, active: Tensor) -> int:
        """How many entries of a slot's wires a mask (C, P) marks, the head left out."""
        return int(active[slot, : self._wire_params].sum())

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
        return self.forward(model_inputs(self.model, rows, flat))

    def _of_the_model(self, inputs: Mapping[str, Tensor]) -> Tensor:
        logits: Tensor = self.model(**inputs).logits
        return logits


def _labels(rows: Rows, indices: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(rows.labels[indices]).to(device)


def logits_of(
    model: PreTrainedModel, sites: Sequence[Site], trained: Sequence[Trained], recipe: Recipe, rows: Rows
) -> Tensor:
    """Logits of finished candidates, on all rows in the rows' order: (n, rows, labels), on the CPU.

    Raises InputError on one that is no adapter of this model.
    """
    for one in trained:
        refuse_other_weights(one)
    candidates = [replace(one.evaluation.candidate, allocation=one.allocation) for one in trained]
    cohort = Cohort(model, sites, candidates, recipe, slots=len(trained))
    for slot, one in enumerate(trained):
        cohort.restore(slot, one)
    with cohort.wires.attach(model, renorm=recipe.renorm), cohort.head.attach():
        return cohort.logits(range(len(trained)), rows)


def score_trained(
    model: PreTrainedModel, sites: Sequence[Site], task: Task, trained: Sequence[Trained], recipe: Recipe
) -> list[float | None]:
    """The task's metric on its test rows, of each in order; None where it failed or is not finite."""
    metrics: list[float | None] = [None] * len(trained)
    finished = [i for i, one in enumerate(trained) if one.evaluation.failure is None]
    if finished:
        logits = logits_of(model, sites, [trained[i] for i in finished], recipe, task.test)
        for i, own in zip(finished, logits, strict=True):
            score = score_logits(own, task.test, task)
            metrics[i] = None if score is None else score[0]
    return metrics
