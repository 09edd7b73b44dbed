"""What counts as a whole number that somebody gives."""

from __future__ import annotations

from numbers import Integral
from typing import TypeGuard

__all__ = ["is_whole"]


def is_whole(value: object) -> TypeGuard[int]:
    """Whether it is a whole number, of which NumPy's are some; 8.0, True and False are none.

    >>> import numpy as np
    >>> [is_whole(one) for one in (8, np.int64(8), 8.0, True, "8")]
    [True, True, False, False, False]
    """
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))
