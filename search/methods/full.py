"""Full fine-tuning: no wires, every parameter of the base model trains; the reference line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.task import Task
from evaluators.training.candidate import Candidate
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks
from spaces.allocation import Allocation
from spaces.objective import Batch, Compute
from spaces.other_weights import with_weights
from spaces.packed import check_unpacked
from spaces.search_space import SearchSpace
from spaces.site import Site

__all__ = ["Full"]


@dataclass(frozen=True, slots=True)
class Full:
    r"""Full fine-tuning: one float32 copy of the whole base model per slot, trained with the head; the model
    itself stays.

    .. math:: W = W_0 + \Delta W, \qquad \Delta W \text{ of any rank}

    What lies outside the base model and is no head of the objective, as a language model's own ``lm_head``,
    stays as it is; one that is tied to the embeddings trains with them.

    Source: the reference line of LoRA, arXiv:2106.09685, outside every budget: only the head is among
    ``Trained.tensors``, so that it cannot be saved or scored again; name the rows to be reported when it
    trains.

    max_params: how many parameters the base model has. model_shapes: their names in it and their shapes;
    parameters that are tied appear, and are trained, once. Build one with ``Full.of``.
    """

    max_params: int
    model_shapes: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, model: PreTrainedModel) -> Full:
        """For this model, which may be on the meta device."""
        shapes = tuple((name, tuple(value.shape)) for name, value in model.base_model.named_parameters())
        return cls(sum(prod(shape) for _, shape in shapes), shapes)

    def start(self, space: SearchSpace) -> Allocation:
        """No site."""
        return Allocation.of({})

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """The base model's: ``base.encoder.layer.0.output.dense.weight`` and so on."""
        return {f"base.{name}": shape for name, shape in self.model_shapes}

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """The pretrained weights at the start, and a forward pass of each slot with its own."""
        check_unpacked(cohort.model, "full trains copies of the base model's weights")
        own = _Full([name for name, _ in self.model_shapes], cohort)
        return GateHooks(start=own.start, around=own.around)


class _Full:
    """What full fine-tuning does to one cohort."""

    def __init__(self, names: Sequence[str], cohort: Cohort) -> None:
        self.names, self.model, self.stacked = names, cohort.model, cohort.stacked

    def start(self, slot: int, candidate: Candidate) -> None:
        for name in self.names:
            pretrained = self.model.base_model.get_parameter(name).detach()
            self.stacked.slot(f"base.{name}", slot).copy_(pretrained)

    def around(self, compute: Compute, model: PreTrainedModel, batch: Batch) -> tuple[Tensor, ...]:
        """Asks each of the selected slots, one after the other, with its own weights; rows are slot-major."""
        selected, base = self.stacked.selected, model.base_model
        weights = {  # in the model's own dtype, under its names there
            f"{model.base_model_prefix}.{name}": self.stacked.leaf[f"base.{name}"]
            .to(base.get_parameter(name).dtype)
            .unbind()
            for name in self.names
        }
        rows = len(batch) // len(selected)
        answers = []
        try:
            for index, slot in enumerate(selected):
                self.stacked.select((slot,))  # the head's rows are all this slot's
                own = {name: copies[slot] for name, copies in weights.items()}
                part = batch.take(slice(index * rows, (index + 1) * rows))
                answers.append(with_weights(compute, model, part, own))
        finally:
            self.stacked.select(selected)
        return tuple(torch.cat(parts) for parts in zip(*answers, strict=True))
