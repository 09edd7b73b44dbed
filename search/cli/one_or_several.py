"""Whether one value and several were typed of the same thing."""

from __future__ import annotations

from spaces.errors import UsageError

from .typed import Typed

__all__ = ["check_one_or_several"]


def check_one_or_several(given: Typed) -> None:
    """Raises UsageError where they were: the one would mean nothing."""
    for one in ("budget", "scaling", "lr"):
        if {one, f"{one}s"} <= given.names:
            raise UsageError(f"`{one}` and `{one}s` exclude each other; give one of them.")
