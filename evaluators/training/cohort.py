"""Many candidates at once over one frozen base model (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from math import ceil, prod

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.task_objective import Score
from spaces.double_precision import in_double
from spaces.head import Head
from spaces.objective import Around, Batch, Losses, Objective, directly
from spaces.recompute import recomputed
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires

from .adamw import StackedAdamW
from .candidate import Candidate, Recipe, Trained, refuse_other_weights
from .data_order import in_length_order
from .memory import is_out_of_memory
from .sparing import targets_in
from .state import State
from .truncated import truncated

__all__ = ["Cohort", "outputs_of", "restored", "score_trained"]


def nothing_more(_sites: Sequence[Site], _ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """What a plain adapter trains besides its wires and the head."""
    return {}


class Cohort:
    """C slots over one frozen model; a slot holds one candidate's wires, head and optimizer state."""

    def __init__(
        self,
        model: PreTrainedModel,
        sites: Sequence[Site],
        objective: Objective,
        candidates: Sequence[Candidate],
        recipe: Recipe,
        *,
        slots: int,
        more: Callable[[Sequence[Site], Mapping[str, int]], Mapping[str, tuple[int, ...]]] = nothing_more,
    ) -> None:
        """Makes room for ``slots`` of these candidates at a time; ranks are padded to their largest.

        Args:
            model: frozen; it is left as it was.
            sites: where a candidate may have a wire.
            objective: what they learn.
            candidates: those that there must be room for.
            recipe: how they are trained.
            slots: C.
            more: shapes, without the slot axis, of what else is trained, given the sites and their ranks.

        Raises ValueError on an objective that does not tell rows, and so slots, apart.
        """
        if not objective.rows_apart:
            raise ValueError(f"objective={objective} has one loss a batch, which no candidate's is.")
        ranks: dict[str, int] = {}
        for candidate in candidates:
            for name, rank in candidate.allocation.ranks:
                ranks[name] = max(rank, ranks.get(name, 0))
        self.model, self.objective, self.recipe = model, objective, recipe
        modules = objective.head(model)
        shapes = {**Wires.shapes(sites, ranks), **more(sites, ranks), **Head.shapes(modules)}
        self.stacked = Stacked(shapes, slots, device=model.device)
        self.wires = Wires(sites, ranks, self.stacked)
        self.head = Head.of(model, modules, self.stacked)
        self._wire_params = sum(prod(shape) for name, shape in shapes.items() if not name.startswith("head."))
        self.optimizer = StackedAdamW(self.stacked.values, weight_decay=recipe.weight_decay)

    def load(self, slot: int, candidate: Candidate) -> None:
        """Starts a candidate in a slot, from its seed."""
        scaling = self.recipe.scaling_of(candidate)
        self.wires.load(slot, candidate.allocation, scaling, seed=candidate.seed)
        self.head.load(slot, seed=candidate.seed)
        self.optimizer.reset(slot)

    def resume(self, slot: int, candidate: Candidate, state: State) -> None:
        """Puts a candidate that paused into a slot, where it stood."""
        self.load(slot, candidate)
        self.optimizer.resume(slot, state.step)
        kept = (state.tensors, state.mean, state.square)
        for values, tensors in zip(self._trained_arrays(), kept, strict=True):
            row = values[slot].cpu()  # put together there: many small copies to a device are slow
            own = self.stacked.named(row)
            for name, tensor in tensors.items():
                own[name][tuple(map(slice, tensor.shape))] = tensor
            values[slot].copy_(row)

    def state(self, slot: int, *, curve: Sequence[float], seconds: float, peak_memory: int) -> State:
        """Copies of all that decides how a slot goes on, its wires cut to its own ranks.

        curve, seconds, peak_memory: as of a ``State``.
        """
        ranks = self.wires.ranks(slot)
        tensors, mean, square = (
            {
                name: tensor.clone(memory_format=torch.contiguous_format)
                for name, tensor in truncated(self.stacked.named(values[slot].cpu()), ranks).items()
            }
            for values in self._trained_arrays()
        )
        return State(tensors, mean, square, tuple(curve), seconds, peak_memory)

    def _trained_arrays(self) -> tuple[Tensor, Tensor, Tensor]:
        """What is trained, and AdamW's two moments of it: (C, P) each."""
        return self.stacked.values, self.optimizer.mean, self.optimizer.square

    def restore(self, slot: int, trained: Trained) -> None:
        """Puts a trained candidate into a slot, at the ranks it ended with."""
        self.load(slot, replace(trained.evaluation.candidate, allocation=trained.allocation))
        self.wires.restore(slot, trained.tensors)
        self.head.restore(slot, trained.tensors)

    def trained(self, slot: int) -> dict[str, Tensor]:
        """What a slot trained, on the CPU, its wires cut to the ranks whose gate is not zero."""
        tensors = {**self.wires.trained(slot), **self.head.trained(slot)}
        return {name: tensor.cpu() for name, tensor in tensors.items()}

    def recomputed(self) -> AbstractContextManager[None]:
        """A context in which forward and backward, with the wires attached, need less memory and more time,
        and give the same (gradient checkpointing); of the model as it is, not under other weights."""
        return recomputed(self.model, [self.wires.remember])

    def losses(
        self,
        slots: Sequence[int],
        rows: Rows,
        indices: Sequence[np.ndarray],
        *,
        among: Tensor | None = None,
        around: Around = directly,
    ) -> Tensor:
        """Mean loss of each slot, which is selected, over its own rows' targets: (slots,), with its graph.

        Args:
            slots: in any order; one may stand several times.
            rows: of the task.
            indices: of each slot's own among them; short ones are filled up at no weight.
            among: the ``targets`` of more rows of each slot, of which these are a part. The losses are then
                the part's share of those of all, which the shares of all parts add up to.
            around: how the model is asked.
        """
        sums, targets, own = self._asked(slots, rows, indices, around)
        among = targets.sum(1) if among is None else among.to(targets)
        weights = own.to(targets) / among[:, None].clamp(min=1)
        return (sums * weights.to(sums)).sum(1)

    def targets(self, rows: Rows, indices: Sequence[np.ndarray]) -> Tensor:
        """How many targets each slot's rows have: (slots,) float64, on the CPU."""
        return torch.stack([targets_in(self.objective, rows, index) for index in indices])

    def totals(self, slots: Sequence[int], rows: Rows, indices: Sequence[np.ndarray]) -> Losses:
        """Of each slot the sum and the number of which its mean loss is the quotient: (slots,) each.

        Those of parts of the rows can be added up. The arguments are those of ``losses``.
        """
        sums, targets, own = self._asked(slots, rows, indices, directly)
        return Losses((sums * own).sum(1), targets.sum(1).to(sums))

    def _asked(
        self, slots: Sequence[int], rows: Rows, indices: Sequence[np.ndarray], around: Around
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sums of losses, numbers of targets (float64), and which rows are a slot's own: (slots, rows) each.

        Rows that only fill up have no target.
        """
        self.stacked.select(slots)
        width = max(len(index) for index in indices)
        flat = np.concatenate(
            [np.resize(index, width) for index in indices]
        )  # short batches repeat rows, at weight 0
        filled = np.stack([np.arange(width) < len(index) for index in indices])
        sums, counts = around(self.objective.losses, self.model, batch_of(self.model, rows, flat))
        own = torch.from_numpy(filled).to(counts.device)
        return sums.view(own.shape), in_double(counts.view(own.shape) * own), own

    def params_at(self, slot: int, active: Tensor) -> int:
        """How many entries of a slot's wires a mask (C, P) marks, the head left out."""
        return int(active[slot, : self._wire_params].sum())

    @torch.no_grad()
    def outputs(self, slots: Sequence[int], rows: Rows, *, around: Around = directly) -> Tensor:
        """What these slots say of all rows, in the rows' order: (slots, rows, k), on the CPU.

        k: of the objective. around: how the model is asked. Where memory runs out, half as many rows at a
        time are asked for, down to one.
        """
        self.stacked.select(tuple(slots))

        def ask(indices: np.ndarray) -> Tensor:
            batch = batch_of(self.model, rows, np.tile(indices, len(slots)))
            (outputs,) = around(self._outputs, self.model, batch)
            return outputs.view(len(slots), len(indices), -1)

        size = self.recipe.rows_judged_at_once(len(slots))
        while True:
            try:
                return in_length_order(rows, size, ask)
            except (RuntimeError, MemoryError) as error:
                if size == 1 or not is_out_of_memory(error):
                    raise
            size = ceil(size / 2)

    def _outputs(self, model: PreTrainedModel, batch: Batch) -> tuple[Tensor]:
        return (self.objective.outputs(model, batch),)


@contextmanager
def restored(
    model: PreTrainedModel,
    sites: Sequence[Site],
    objective: Objective,
    trained: Sequence[Trained],
    recipe: Recipe,
) -> Iterator[Cohort]:
    """A cohort of finished candidates, one in each slot, attached to the model within the block.

    Args:
        model: the base model that they were trained on.
        sites: among which theirs are.
        objective: which says what is asked of the model.
        trained: side by side, all at once.
        recipe: whose scaling, renorm and batch size hold.

    Raises InputError on one that is no adapter of this model.
    """
    for one in trained:
        refuse_other_weights(one)
    candidates = [replace(one.evaluation.candidate, allocation=one.allocation) for one in trained]
    cohort = Cohort(model, sites, objective, candidates, recipe, slots=len(trained))
    for slot, one in enumerate(trained):
        cohort.restore(slot, one)
    with cohort.wires.attach(model, renorm=recipe.renorm), cohort.head.attach():
        yield cohort


def outputs_of(
    model: PreTrainedModel,
    sites: Sequence[Site],
    objective: Objective,
    trained: Sequence[Trained],
    recipe: Recipe,
    rows: Rows,
) -> Tensor:
    """What finished candidates say of all rows, in the rows' order: (n, rows, k), on the CPU.

    k: of the objective. rows: what is judged. Other arguments, and what is raised, as of ``restored``. Where
    memory runs out with all of them side by side, half of them follow the other half.
    """
    try:
        with restored(model, sites, objective, trained, recipe) as cohort:
            return cohort.outputs(range(len(trained)), rows)
    except (RuntimeError, MemoryError) as error:
        if len(trained) == 1 or not is_out_of_memory(error):
            raise
    half = ceil(len(trained) / 2)
    parts = (trained[:half], trained[half:])
    return torch.cat([outputs_of(model, sites, objective, part, recipe, rows) for part in parts])


def score_trained(
    model: PreTrainedModel, sites: Sequence[Site], task: Task, trained: Sequence[Trained], recipe: Recipe
) -> list[Score | None]:
    """How each is judged on the task's test rows, in order; None where it failed or is not finite.

    Args:
        model: the base model that they were trained on.
        sites: among which theirs are.
        task: which says how they are judged, and on what.
        trained: side by side, as far as memory allows.
        recipe: whose scaling, renorm and batch size hold.
    """
    scores: list[Score | None] = [None] * len(trained)
    finished = [i for i, one in enumerate(trained) if one.evaluation.failure is None]
    if finished:
        alive = [trained[i] for i in finished]
        outputs = outputs_of(model, sites, task.objective, alive, recipe, task.test)
        for i, own in zip(finished, outputs, strict=True):
            scores[i] = task.objective.score(own, task.test.labels)
    return scores
