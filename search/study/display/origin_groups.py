"""The groups of origin that plots tell apart, and how each is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["GROUPS", "Look", "group_of"]


@dataclass(frozen=True, slots=True)
class Look:
    """How the allocations of one group are drawn. size: of the marker, in points squared."""

    colour: str
    marker: str
    size: float


GROUPS: Final[Mapping[str, Look]] = {  # the later ones are drawn over the earlier ones
    "random": Look("#8a8f98", "o", 13),
    "other": Look("#000000", "X", 18),
    "proxy pick": Look("#0072b2", "D", 14),
    "one site": Look("#56b4e9", "P", 20),
    "all but one site": Look("#cc79a7", "v", 20),
    "one kind or role": Look("#e69f00", "^", 20),
    "top- or bottom-heavy": Look("#009e73", "s", 16),
    "uniform": Look("#d55e00", "*", 95),
}
"""Okabe and Ito's colours (Color Universal Design, 2008), safe for the colour-blind, and a grey."""


def group_of(origins: Sequence[str]) -> str:
    """The group of an allocation by who drew it (``Drawn.origins``); the one drawn on top where several did.

    Raises ValueError where nobody did.
    """
    if not origins:
        raise ValueError("origins=() names nobody; pass at least one, such as ('random',).")
    return max((_group(origin) for origin in origins), key=list(GROUPS).index)


def _group(origin: str) -> str:
    if origin in ("uniform", "random"):
        return origin
    if origin.startswith("without "):
        return "all but one site"
    if origin.endswith(" only"):
        return "one site" if "." in origin else "one kind or role"
    if origin.startswith(("top", "bottom")):
        return "top- or bottom-heavy"
    return "proxy pick" if "/" in origin else "other"
