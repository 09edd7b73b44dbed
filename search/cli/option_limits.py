"""Between which numbers every option must lie: the least that means anything, the most that anyone needs.

The upper bounds keep a slip of the hand from asking for years of work, all memory, or a number that float32
cannot hold; what lies between them is refused, where it cannot be, by what it is for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from spaces.errors import UsageError

__all__ = ["LIMITS", "check_limits", "flag_of"]


@dataclass(frozen=True, slots=True)
class _Limits:
    """From ``least`` to ``most``; exclusive: without ``least`` itself."""

    least: float
    most: float
    exclusive: bool = False


_COUNT: Final = _Limits(1, 10_000)
_ROWS: Final = _Limits(1, 1_000_000_000)
_ALPHA: Final = _Limits(0, 1e6, exclusive=True)

LIMITS: Final[Mapping[str, _Limits]] = MappingProxyType(
    {
        "lora_alpha": _ALPHA,
        "shortcut_alpha": _ALPHA,
        "max_length": _Limits(2, 1_000_000),
        "train_rows": _ROWS,
        "eval_rows": _ROWS,
        "scoring_batches": _Limits(1, 1_000_000),
        "scoring_batch_size": _COUNT,
        "warm_up_steps": _Limits(1, 1_000_000),
        "seeds": _COUNT,  # far below the seeds that comparisons tune with
        "epochs": _Limits(0, 10_000, exclusive=True),
        "lr": _Limits(0, 1e30, exclusive=True),  # which float32 can still hold
        "batch_size": _COUNT,
        "weight_decay": _Limits(0, 1_000),
        "warmup": _Limits(0, 1),
        "max_grad_norm": _Limits(0, 1e6, exclusive=True),
        "jobs": _Limits(1, 256),  # each a process with a model of its own
        "cohort_size": _COUNT,
        "threads": _Limits(1, max(64, 4 * (os.cpu_count() or 1))),  # thousands end in a segmentation fault
        "seed": _Limits(0, 1_000_000_000),  # with all that is added to it below NumPy's 2**32
        "trials": _Limits(0, 1_000_000),
        "finalists": _COUNT,
        "allocations": _Limits(1, 1_000_000),
        "site_rank": _Limits(1, 1_000_000),
        "tune_seeds": _COUNT,
    }
)


def flag_of(field: str) -> str:
    """How the option of a field is typed."""
    return f"--{field.replace('_', '-')}"


def check_limits(name: str, value: float) -> None:
    """Raises UsageError on a number that an option cannot take. name: of its field, one of LIMITS."""
    flag, limits = flag_of(name), LIMITS[name]
    if not math.isfinite(value):
        raise UsageError(f"{flag} {value} must be a finite number.")
    if limits.exclusive and value <= limits.least:
        raise UsageError(f"{flag} {value} must be above {limits.least:g}.")
    if value < limits.least:
        raise UsageError(f"{flag} {value} must be at least {limits.least:g}.")
    if value > limits.most:
        raise UsageError(f"{flag} {value} must be at most {limits.most:,.10g}.")
