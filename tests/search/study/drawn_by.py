"""Who drew an allocation, written as a table has it."""

from __future__ import annotations

from search.study.draw import Drawn
from search.study.origin import Origin


def drawn_by(*texts: str) -> tuple[Origin, ...]:
    """The values that these texts stand for."""
    return tuple(map(Origin.read, texts))


def written(drawn: Drawn) -> tuple[str, ...]:
    """Those who drew it, as a table has them."""
    return tuple(map(str, drawn.origins))
