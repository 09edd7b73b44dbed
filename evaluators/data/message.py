"""What somebody says in a conversation, and what may be given or learned: a text, or messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ASSISTANT", "ROLES", "Message", "Said", "last_answer", "read_aloud"]

ASSISTANT: Final = "assistant"
ROLES: Final = (ASSISTANT, "developer", "system", "tool", "user")
"""Who may speak, as chat templates name them."""


@dataclass(frozen=True, slots=True)
class Message:
    """role: who speaks, one of ``ROLES``. content: what is said."""

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"role={self.role!r} is unknown; use one of {', '.join(ROLES)}.")


Said = str | tuple[Message, ...]
"""A text, or the messages of a conversation in their order."""


def last_answer(conversation: Sequence[Message]) -> int:
    """The place of the assistant's last message; raises ValueError where there is none.

    >>> last_answer((Message("user", "1 + 1?"), Message("assistant", "2"), Message("user", "Thanks.")))
    1
    """
    places = [place for place, message in enumerate(conversation) if message.role == ASSISTANT]
    if not places:
        raise ValueError("a conversation without a message of the assistant has no answer.")
    return places[-1]


def read_aloud(said: Said) -> str:
    """As a person reads it: a text as it is, a lone message's content, of several a line each.

    >>> print(read_aloud((Message("system", "Be brief."), Message("user", "1 + 1?"))))
    system: Be brief.
    user: 1 + 1?
    """
    if isinstance(said, str):
        return said
    if len(said) == 1:
        return said[0].content
    return "\n".join(f"{message.role}: {message.content}" for message in said)
