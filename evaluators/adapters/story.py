"""How an adapter came about, as its record and its model card tell it."""

from __future__ import annotations

from dataclasses import dataclass

from spaces.foreign_json import Shape, fields, list_of, optional, text, whole

__all__ = ["STORY", "Story"]

_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Story:
    """What was measured, in words.

    task: what the data is called. budget: in parameters. verdict: the answer in one sentence. measured: a
    table, its header first, of cells as a reader sees them. command: the line that did it, without a
    machine's paths; None where it was no command.
    """

    task: str
    budget: int
    verdict: str
    measured: tuple[tuple[str, ...], ...]
    command: str | None = None


def _story(value: object, where: str) -> Story:
    return Story(**_FIELDS(value, where))


_FIELDS = fields(
    task=text, budget=whole(0, _MOST), verdict=text, measured=list_of(list_of(text)), command=optional(text)
)
STORY: Shape[Story] = _story
"""Reads what ``asdict`` made of a story."""
