"""What kind of allocation it is, told by who drew it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["GROUPS", "group_of"]

GROUPS: Final = (
    "random",
    "other",
    "proxy pick",
    "one site",
    "all but one site",
    "one kind or role",
    "top- or bottom-heavy",
    "uniform",
)
"""Of one that several drew, the last of theirs."""


def group_of(origins: Sequence[str]) -> str:
    """The group of an allocation by who drew it (``Drawn.origins``). Raises ValueError where nobody did.

    >>> group_of(["random", "snip/greedy"])
    'proxy pick'
    """
    if not origins:
        raise ValueError("origins=() names nobody; pass at least one, such as ('random',).")
    return max((_group(origin) for origin in origins), key=GROUPS.index)


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
