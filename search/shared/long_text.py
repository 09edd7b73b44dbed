"""Text of any length in attributes of Optuna's, each of which MySQL keeps up to 65,535 bytes of (TEXT)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["attributes_of", "texts_in"]

_MOST: Final = 30_000  # characters; JSON within JSON is at most twice as long


def attributes_of(name: str, text: str, *, most: int = _MOST) -> dict[str, object]:
    """Attributes to be set in this order, the last of which means that all are there.

    text: ASCII, as JSON is. most: characters of each.

    >>> attributes_of("scores", "[1, 2, 3]", most=4)
    {'scores/0': '[1, ', 'scores/1': '2, 3', 'scores/2': ']', 'scores': 3}
    >>> attributes_of("scores", "[1]")
    {'scores': '[1]'}
    """
    if len(text) <= most:
        return {name: text}
    parts = [text[start : start + most] for start in range(0, len(text), most)]
    return {**{f"{name}/{place}": part for place, part in enumerate(parts)}, name: len(parts)}


def texts_in(attributes: Mapping[str, object]) -> dict[str, str]:
    """The texts of which attributes have all parts, by their names.

    >>> texts_in({"scores/0": "[1, ", "scores/1": "2]", "scores": 2, "result/0": "not all"})
    {'scores': '[1, 2]'}
    """
    return {
        name: one if isinstance(one, str) else "".join(str(attributes[f"{name}/{i}"]) for i in range(one))
        for name, one in attributes.items()
        if "/" not in name and isinstance(one, str | int)
    }
