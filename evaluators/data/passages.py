"""Rows that a language model learns: texts, conversations, or what it is to say after a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spaces.counted import counted

from .message import Message, Said, last_answer, read_aloud

__all__ = ["Passages"]


@dataclass(frozen=True, slots=True)
class Passages:
    """Raw rows of a language model.

    prompts: what is given; empty in rows of plain text and of whole conversations. completions: what is
    learned, one a row: a text after a text, messages after messages.

    >>> Passages(("1 + 1 =",), (" 2",)).questions
    ['1 + 1 =']
    """

    prompts: tuple[Said, ...]
    completions: tuple[Said, ...]

    def __post_init__(self) -> None:
        if len(self.prompts) != len(self.completions):
            prompts = counted(len(self.prompts), "prompt")
            raise ValueError(f"{prompts} need as many completions, not {len(self.completions)}.")
        said = [*self.completions, *filter(None, self.prompts)]
        if len({isinstance(one, str) for one in said}) > 1:
            raise ValueError("texts and messages do not mix; give prompts and completions of one kind.")

    def __len__(self) -> int:
        return len(self.completions)

    @property
    def spoken(self) -> bool:
        """Whether rows are messages, which are written by a chat template."""
        return any(not isinstance(completion, str) for completion in self.completions)

    @property
    def form(self) -> str:
        """What the rows are, in words."""
        if any(self.prompts):
            return "prompts and completions of messages" if self.spoken else "prompts with completions"
        return "conversations" if self.spoken else "plain texts"

    @property
    def keys(self) -> list[str]:
        """What rows must share to belong together: their question, or their text where there is none."""
        return [
            read_aloud(question or completion)
            for question, completion in zip(self.questions, self.completions, strict=True)
        ]

    @property
    def whole(self) -> list[tuple[Said, Said]]:
        """Prompt and completion of every row."""
        return list(zip(self.prompts, self.completions, strict=True))

    @property
    def questions(self) -> list[Said]:
        """What each row asks: all that precedes its last answer, its prompt included; nothing in a text."""
        return [
            prompt
            if isinstance(prompt, str) and isinstance(completion, str)
            else (*_messages(prompt), *_messages(completion)[: last_answer(_messages(completion))])
            for prompt, completion in self.whole
        ]

    @property
    def answers(self) -> list[str]:
        """What each row answers, without white space around it: its completion, or the last answer in it."""
        return [
            (said if isinstance(said, str) else said[last_answer(said)].content).strip()
            for said in self.completions
        ]

    def take(self, indices: Sequence[int]) -> Passages:
        """The rows at ``indices``, in that order."""
        return Passages(tuple(self.prompts[i] for i in indices), tuple(self.completions[i] for i in indices))


def _messages(said: Said) -> tuple[Message, ...]:
    """Those of rows that are spoken, where no prompt is an empty text."""
    return () if isinstance(said, str) else said
