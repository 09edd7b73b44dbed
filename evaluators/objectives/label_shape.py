"""How many dimensions labels have."""

from __future__ import annotations

from typing import Final, Literal

from torch import Tensor

from spaces.errors import InputError

__all__ = ["check_label_shape"]

_DIMENSIONS: Final = {"row": ("rows",), "token": ("rows", "tokens")}


def check_label_shape(labels: Tensor, *, each: Literal["row", "token"]) -> None:
    """Raises InputError on labels of another number of dimensions. each: what has a label of its own."""
    names = _DIMENSIONS[each]
    if labels.ndim != len(names):
        raise InputError(
            f"`labels` have the shape {tuple(labels.shape)}, which is not ({', '.join(names)}): a model that "
            f"learns what this one does has a label for each {each}; collate them so."
        )
