"""A number with its noun, the way every log, table, page and error of this program writes one."""

from __future__ import annotations

__all__ = ["all_counted", "counted"]


def counted(count: float, one: str, many: str | None = None) -> str:
    """``1 seed``, ``1,200 seeds``, ``0.5 epochs``.

    one, many: the noun with what stands before it, such as ``training row``; many is one and an s by default.
    """
    number = f"{count:,}" if isinstance(count, int) else f"{count:,g}"
    return f"{number} {one if count == 1 else many or f'{one}s'}"


def all_counted(count: int, one: str, many: str | None = None) -> str:
    """``all 3 sites``, ``the only site``: as ``counted``, where all that there are are meant."""
    return f"the only {one}" if count == 1 else f"all {counted(count, one, many)}"
