"""How the numbers of a study are written, on its page, in its plots and on stdout."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeGuard

__all__ = [
    "ABSENT",
    "UNDEFINED",
    "decimal",
    "mean_sd",
    "memory",
    "p_equation",
    "p_value",
    "percent",
    "seconds",
    "signed",
    "with_interval",
]

UNDEFINED: Final = "undefined"  # a statistic that these values do not have
ABSENT: Final = "-"  # a question that does not arise, or was not measured


def signed(value: float | None, digits: int = 2) -> str:
    """A correlation or a difference, with its sign: ``+0.62``; zero has a plus."""
    return _number(value, f"+z.{digits}f")


def decimal(value: float | None, digits: int = 2) -> str:
    """A value that has no direction: ``0.62``."""
    return _number(value, f"z.{digits}f")


def mean_sd(mean: float | None, sd: float | None, digits: int = 4) -> str:
    """A metric over seeds, ``0.8200 ± 0.0100``; the mean alone of one seed, ``failed`` where none has it."""
    if mean is None:
        return "failed"
    return decimal(mean, digits) + ("" if sd is None else f" ± {decimal(sd, digits)}")


def with_interval(
    value: float | None,
    low: float | None,
    high: float | None,
    digits: int = 2,
    *,
    write: Callable[[float | None, int], str] = signed,
) -> str:
    """A statistic with its bounds, ``+0.62 [+0.41, +0.78]``; alone where it has none.

    write: ``signed`` or ``decimal``, used for all three.
    """
    if not (_known(value) and _known(low) and _known(high)):
        return write(value, digits)
    return f"{write(value, digits)} [{write(low, digits)}, {write(high, digits)}]"


def percent(value: float | None, digits: int = 0) -> str:
    """A fraction in per cent: 0.634 is ``63 %``."""
    return f"{100 * value:z.{digits}f} %" if _known(value) else UNDEFINED


def p_value(value: float | None) -> str:
    """A probability with three decimals, ``<0.001`` below that."""
    return "<0.001" if _known(value) and value < 0.001 else decimal(value, 3)


def p_equation(value: float) -> str:
    """A probability within a sentence: ``p < 0.001``, ``p = 0.042``; none is said to be 0."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def seconds(value: float | None) -> str:
    """A duration given in seconds: ``0.31 s``, ``12 s``, ``4 min 05 s``."""
    if not _known(value):
        return UNDEFINED
    if value < 9.95:
        return f"{value:.2f} s" if value < 0.995 else f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def memory(value: float | None) -> str:
    """Memory given in bytes: ``312 MiB``, ``1.6 GiB``."""
    if not _known(value):
        return UNDEFINED
    mebi = value / 2**20
    return (
        f"{mebi / 1024:.1f} GiB" if mebi >= 1024 else f"{mebi:.0f} MiB" if mebi >= 9.5 else f"{mebi:.1f} MiB"
    )


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _number(value: float | None, form: str) -> str:
    return format(value, form) if _known(value) else UNDEFINED
