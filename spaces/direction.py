"""In which direction a metric is better."""

from __future__ import annotations

from typing import Literal

__all__ = ["Direction", "sign_of"]

Direction = Literal["maximize", "minimize"]


def sign_of(direction: Direction) -> int:
    """What a metric is multiplied by so that more is better: 1, or -1 where less is.

    >>> sign_of("minimize")
    -1
    """
    return 1 if direction == "maximize" else -1
