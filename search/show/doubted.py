"""Why a difference shows nothing, in words."""

from __future__ import annotations

from search.statistics.paired import PairedDifference
from spaces.counted import counted

__all__ = ["doubted"]


def doubted(apart: PairedDifference) -> str:
    """What keeps a difference from being shown, to end a sentence with; empty where it is merely chance.

    >>> doubted(PairedDifference.of([0.9, 0.8, 0.85, None], [0.7, 0.61, 0.64, 0.7]))
    '; it failed on 1 seed that the other finished'
    """
    said = apart.doubt or ""
    for who, failed, whom in zip(("it", "the other"), apart.failed, ("the other", "it"), strict=True):
        said += f"; {who} failed on {counted(failed, 'seed')} that {whom} finished" if failed else ""
    return said
