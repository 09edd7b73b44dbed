"""The features of a tensor that are one projection's, where several are fused into one linear (``Part``)."""

from __future__ import annotations

from torch import Tensor

from .site import Part, Tap

__all__ = ["add_to_part", "part_of"]


def part_of(tensor: Tensor, tap: Tap, *, dim: int = -1) -> Tensor:
    """What a tap means of a tensor along a dimension: a view, but a copy where it is ``interleaved``.

    >>> import torch
    >>> tap = Tap("query_key_value", "out", Part(2, 4, every=6))  # the keys of heads of width 2
    >>> part_of(torch.arange(12), tap).tolist()
    [2, 3, 8, 9]
    """
    part, dim = tap.part, dim % tensor.dim()
    if part is None:
        return tensor
    if part.every is None:
        return tensor.narrow(dim, part.start, part.stop - part.start)
    return _pieces(tensor, part, dim).flatten(dim, dim + 1)


def add_to_part(tensor: Tensor, tap: Tap, values: Tensor, *, dim: int = -1) -> None:
    """Adds in place to what a tap means of a tensor along a dimension; values: as ``part_of`` gives it."""
    part, dim = tap.part, dim % tensor.dim()
    if part is None or part.every is None:
        part_of(tensor, tap, dim=dim).add_(values)
    else:
        _pieces(tensor, part, dim).add_(values.unflatten(dim, (-1, part.stop - part.start)))


def _pieces(tensor: Tensor, part: Part, dim: int) -> Tensor:
    """A view with two dimensions in place of one: the pieces of an interleaved part, and their features."""
    assert part.every is not None
    turns: Tensor = tensor.unflatten(dim, (-1, part.every))
    return turns.narrow(dim + 1, part.start, part.stop - part.start)
