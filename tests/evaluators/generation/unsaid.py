"""Which tokens an answer that says no two tokens in a row twice may go on with, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor


def unsaid(width: int, vocabulary: int) -> Callable[[int, Tensor], list[int]]:
    """As ``generate`` of transformers takes it. width: tokens of the prompt, which do not count as said."""

    def allowed(_: int, tokens: Tensor) -> list[int]:
        answer = tokens.tolist()[width:]
        said = set(pairwise(answer))
        return [token for token in range(vocabulary) if (*answer[-1:], token) not in said]

    return allowed
