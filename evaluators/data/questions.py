"""Questions with choices, one of which is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.objectives.choice_labels import MOST_CHOICES
from spaces.counted import counted

from .passages import Passages

__all__ = ["Question", "Questions"]


@dataclass(frozen=True, slots=True)
class Question:
    """prompt: what is asked. choices: what may be said to it, each as it follows the prompt, with the blank
    between them. right: the place of the one that is to be said."""

    prompt: str
    choices: tuple[str, ...]
    right: int

    def __post_init__(self) -> None:
        if not 2 <= len(set(self.choices)) == len(self.choices) <= MOST_CHOICES:
            raise ValueError(
                f"a question needs 2 to {counted(MOST_CHOICES, 'choice')}, no two alike, not "
                f"{list(self.choices)}."
            )
        if not all(choice.strip() for choice in self.choices):
            raise ValueError("a choice is empty.")
        if not 0 <= self.right < len(self.choices):
            raise ValueError(f"right={self.right} is none of {counted(len(self.choices), 'choice')}.")


@dataclass(frozen=True, slots=True)
class Questions:
    """Raw rows of multiple choice.

    >>> cup = Question("The cup fell because", (" it was full.", " I slipped."), 1)
    >>> Questions((cup,)).answered
    Passages(prompts=('The cup fell because',), completions=(' I slipped.',))
    """

    rows: tuple[Question, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def keys(self) -> list[str]:
        """What rows must share to belong together."""
        return [row.prompt for row in self.rows]

    @property
    def answered(self) -> Passages:
        """The questions with their right choices, as a language model learns them."""
        return Passages(
            tuple(row.prompt for row in self.rows), tuple(row.choices[row.right] for row in self.rows)
        )

    def take(self, indices: Sequence[int]) -> Questions:
        """The rows at ``indices``, in that order."""
        return Questions(tuple(self.rows[i] for i in indices))
