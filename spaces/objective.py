"""What is learned: a part that wires, cohorts, proxies and policies are handed, and know by this protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from torch import Tensor, nn
from transformers import PreTrainedModel

from .direction import Direction
from .double_precision import in_double
from .errors import InputError

__all__ = ["Architecture", "Around", "Batch", "Compute", "Losses", "Objective", "directly"]

Architecture = Literal["sequence_classification", "causal_lm"]
"""Which of transformers' auto classes is loaded."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows on the model's device.

    inputs: keyword arguments of the model, (rows, tokens) each. labels: what is to be said of them, (rows,)
    classes or values, or (rows, tokens) tokens, of which those below zero are no targets.
    """

    inputs: Mapping[str, Tensor]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: slice) -> Batch:
        """Some of the rows."""
        return Batch({name: tensor[rows] for name, tensor in self.inputs.items()}, self.labels[rows])

    def tiled(self, times: int) -> Batch:
        """All rows, so many times one after the other."""
        return Batch(
            {name: _tiled(one, times) for name, one in self.inputs.items()}, _tiled(self.labels, times)
        )


class Losses(NamedTuple):
    """Of every row the sum of its targets' losses, with its graph, and the number of its targets: (rows,)
    float32 each. A candidate's loss is the ratio of its own sums (DESIGN, section 8)."""

    sums: Tensor
    counts: Tensor

    def mean(self) -> Tensor:
        """The loss of all rows together, a scalar with its graph: every target has the same weight.

        Raises InputError where there is no target.
        """
        targets = in_double(self.counts).sum()
        if not targets > 0:
            raise InputError("there is nothing to learn: no row of a batch has a target; leave it out.")
        return (self.sums * (1 / targets).to(self.sums)).sum()


class Objective(Protocol):
    """A frozen value that can be sent to a process. It never draws, and changes nothing of the model.

    direction: in which its metric, or without one its loss, is better. rows_apart: whether ``losses`` tells
    rows apart; where it does not, only one candidate or setting may be in a batch.
    """

    @property
    def direction(self) -> Direction: ...
    @property
    def rows_apart(self) -> bool: ...

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """What trains beside the wires, fresh for every candidate, by full name; may be empty.

        Raises InputError where it cannot be told, or not be trained.
        """

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        """Of one forward pass. Memory beyond the body's own is O(rows x tokens), whatever the vocabulary."""

    def targets(self, labels: Tensor) -> Tensor:
        """How many targets rows with these labels have, (rows,) float32: the counts of ``losses``."""

    def outputs(self, model: PreTrainedModel, batch: Batch) -> Tensor:
        """All that judging needs to know of each row, with its graph where one is taken: (rows, k) float32.

        What a row gives depends on that row alone, however it is padded. Raises InputError where the model
        gives what it should not.
        """

    def total(self, model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> Tensor:
        """The sum of all that the model says of these inputs, a scalar with its graph (SynFlow, jacov)."""

    def classes(self, batch: Batch) -> Tensor | None:
        """The class of every row, (rows,) int64; None where rows have none."""


Compute = Callable[[PreTrainedModel, Batch], tuple[Tensor, ...]]
"""What is asked of a model: tensors of (rows, ...) each. It calls the model, or parts of it, as it likes."""


class Around(Protocol):
    """Asks a model in its own way, as with other weights in place of its own."""

    def __call__(self, compute: Compute, model: PreTrainedModel, batch: Batch) -> tuple[Tensor, ...]: ...


def directly(compute: Compute, model: PreTrainedModel, batch: Batch) -> tuple[Tensor, ...]:
    """The model asked as it is."""
    return compute(model, batch)


def _tiled(tensor: Tensor, times: int) -> Tensor:
    return tensor.repeat(times, *[1] * (tensor.dim() - 1))
