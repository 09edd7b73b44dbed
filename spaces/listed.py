"""Names in a message, of which there may be many."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["listed"]


def listed(names: Sequence[str]) -> str:
    """The first ten, quoted.

    >>> listed(["no", "yes"]), listed("abcdefghijkl")[-8:]
    ("'no', 'yes'", "'j', ...")
    """
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
