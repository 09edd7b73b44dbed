"""Messages in a file's column, and what is wrong with those that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

from spaces.errors import InputError

from .columns import Columns
from .message import ROLES, Message

__all__ = ["holds_messages", "read_messages"]

_READ = ("role", "content")


def holds_messages(columns: Columns, name: str) -> bool:
    """Whether a column has lists; raises InputError where it has texts besides."""
    lists = [isinstance(value, list) for value in columns.values[name]]
    if any(lists) and any(isinstance(value, str) for value in columns.values[name]):
        raise InputError(
            f"{columns.path}: column {name!r} holds messages at row {lists.index(True) + 1} and a text at "
            f"row {lists.index(False) + 1}; give texts or messages, not both."
        )
    return any(lists)


def read_messages(columns: Columns, name: str) -> list[tuple[Message, ...]]:
    """The messages of each row, none where it has none; raises InputError on what is no message of text."""
    found = []
    for number, value in enumerate(columns.values[name], start=1):
        if value is not None and not isinstance(value, list):
            raise InputError(
                f"{columns.path}: column {name!r} holds a {type(value).__name__} at row {number}; give a "
                "list of messages, each with role and content."
            )
        found.append(tuple(_message(columns, name, number, one) for one in value or ()))
    return found


def _message(columns: Columns, name: str, number: int, value: object) -> Message:
    where = f"{columns.path}: column {name!r}, row {number}"
    if not isinstance(value, Mapping) or not all(isinstance(value.get(key), str) for key in _READ):
        raise InputError(
            f"{where}: a message is no role with a content, both of them text; write "
            '{"role": "user", "content": "..."}.'
        )
    if more := sorted(str(key) for key, held in value.items() if key not in _READ and held):
        raise InputError(
            f"{where}: a message has {more[0]!r} besides role and content, which is not learned here; take "
            "it out."
        )
    if value["role"] not in ROLES:
        raise InputError(f"{where}: the role {value['role']!r} is unknown; use one of {', '.join(ROLES)}.")
    return Message(value["role"], columns.checked(name, number, value["content"]))
