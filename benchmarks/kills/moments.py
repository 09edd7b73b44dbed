"""When to kill: anywhere alike, and often in the first second and the last, where files are made."""

from __future__ import annotations

import random
from typing import Final

__all__ = ["drawn_moment"]

_SHORTEST: Final = 0.003  # seconds
_LONGEST: Final = 1.0


def drawn_moment(rng: random.Random, length: float) -> tuple[str, float]:
    """How a moment was drawn, and the seconds of computing from a start that computes for about ``length``.

    ``anywhere``, uniform; ``early`` and ``late``, log-uniform from the start and before the end.
    """
    how = rng.choice(["anywhere", "anywhere", "early", "late", "late"])
    if how == "anywhere":
        return how, rng.uniform(0.0, length)
    longest = min(_LONGEST, length)
    away = _SHORTEST * (longest / _SHORTEST) ** rng.random()
    return how, away if how == "early" else length - away
