"""Trainable tensors of C candidates in one (C, P) array, so that one optimizer step serves them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor

__all__ = ["Stacked"]


class Stacked:
    """Named tensors with a leading slot axis C: leaves of autograd that share one array.

    values: (C, P) float32; row c holds everything that slot c trains.
    leaf[name]: (C, *shape), a view into ``values`` that requires a gradient.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], slots: int, *, device: torch.device | str
    ) -> None:
        sizes = [prod(shape) for shape in shapes.values()]
        self.values = torch.zeros(slots, sum(sizes), device=device)
        parts = torch.split(self.values, sizes, dim=1)
        self.leaf = {
            name: part.view(slots, *shape).detach().requires_grad_()
            for (name, shape), part in zip(shapes.items(), parts, strict=True)
        }
        self.selected: tuple[int, ...] = tuple(range(slots))
        self._index: Tensor | None = None

    @property
    def slots(self) -> int:
        """C."""
        return self.values.shape[0]

    def slot(self, name: str, slot: int) -> Tensor:
        """One slot of a tensor, sharing memory and without gradient: the tensor's own shape."""
        return self.leaf[name].detach()[slot]

    def select(self, slots: Sequence[int]) -> None:
        """From now on the rows of a batch belong to these slots, in this order.

        Rows are slot-major: with n selected slots, row i belongs to the slot i // (rows / n) of them.
        """
        self.selected = tuple(slots)
        everyone = self.selected == tuple(range(self.slots))
        self._index = None if everyone else torch.tensor(self.selected, device=self.values.device)

    def of_selected(self, tensor: Tensor) -> Tensor:
        """The selected slots of any tensor with a slot axis: (C, ...) -> (selected, ...)."""
        return tensor if self._index is None else tensor.index_select(0, self._index)

    def named(self, values: Tensor) -> dict[str, Tensor]:
        """Rows like those of ``values`` by tensor: (..., P) -> name -> (..., *shape), views."""
        shapes = {name: leaf.shape[1:] for name, leaf in self.leaf.items()}
        parts = values.split([shape.numel() for shape in shapes.values()], dim=-1)
        rows = values.shape[:-1]
        return {name: part.view(*rows, *shapes[name]) for name, part in zip(shapes, parts, strict=True)}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Within the block no tensor asks for a gradient, so that a backward pass leaves nothing behind."""
        for leaf in self.leaf.values():
            leaf.requires_grad_(False)
        try:
            yield
        finally:
            for leaf in self.leaf.values():
                leaf.requires_grad_()

    @contextmanager
    def absolute(self, slot: int) -> Iterator[None]:
        """Within the block all that a slot trains is absolute, as every weight is in SynFlow's pass."""
        kept = self.values[slot].clone()
        self.values[slot].abs_()
        try:
            yield
        finally:
            self.values[slot].copy_(kept)

    def gradient(self, loss: Tensor, *, retain: bool = False) -> Tensor:
        """Gradient of a scalar with respect to ``values``: (C, P), zero where it does not reach.

        retain: whether another gradient will be taken through parts of the same graph.
        """
        leaves = tuple(self.leaf.values())
        grads = torch.autograd.grad(
            loss, leaves, retain_graph=retain, allow_unused=True, materialize_grads=True
        )
        return torch.cat([grad.reshape(self.slots, -1) for grad in grads], dim=1)
