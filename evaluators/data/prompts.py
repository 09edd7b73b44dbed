"""What a language model is asked, and all that may well be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spaces.counted import counted

__all__ = ["Prompts"]


@dataclass(frozen=True, slots=True, eq=False)
class Prompts:
    """Each prompt once, with all of its references.

    input_ids: (tokens,) int64 a prompt, as a row of the task begins with it: a chat template's, its mark of
    who speaks next and what it writes in front of an answer among them. texts: as a person reads them.
    references: of each prompt one or more. ends: special tokens by which the chat template
    closes an answer (``turn_ends``); None of texts, which no template writes.
    """

    input_ids: tuple[np.ndarray, ...]
    texts: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    ends: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not len(self.input_ids) == len(self.texts) == len(self.references):
            raise ValueError(
                f"{counted(len(self.input_ids), 'prompt')} need as many texts and references, not "
                f"{len(self.texts)} and {len(self.references)}."
            )
        if not all(self.references):
            raise ValueError("every prompt needs a reference at least.")

    def __len__(self) -> int:
        return len(self.input_ids)

    def take(self, indices: Sequence[int]) -> Prompts:
        """The prompts at ``indices``, in that order."""
        return Prompts(
            tuple(self.input_ids[i] for i in indices),
            tuple(self.texts[i] for i in indices),
            tuple(self.references[i] for i in indices),
            self.ends,
        )
