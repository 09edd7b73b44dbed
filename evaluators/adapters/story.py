"""How an adapter came about, as its record and its model card tell it."""

from __future__ import annotations

from dataclasses import dataclass

from spaces.foreign_json import Shape, fields, list_of, optional, text, whole_number

__all__ = ["STORY", "Story", "Written"]

_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Written:
    """What it wrote, in words.

    how: on how many prompts, and how they were answered. scores: a table, its header first, of what the text
    is worth. samples: another, of prompts, of a reference each, and of what was answered.
    """

    how: str
    scores: tuple[tuple[str, ...], ...]
    samples: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What was measured, in words.

    task: what the data is called. budget: in parameters. verdict: the answer in one sentence. measured: a
    table, its header first, of cells as a reader sees them. command: the line that did it, without a
    machine's paths; None where it was no command. written: None where no text was.
    """

    task: str
    budget: int
    verdict: str
    measured: tuple[tuple[str, ...], ...]
    command: str | None = None
    written: Written | None = None


def _story(value: object, where: str) -> Story:
    return Story(**_FIELDS(value, where))


def _written(value: object, where: str) -> Written:
    return Written(**fields(how=text, scores=_TABLE, samples=_TABLE)(value, where))


_TABLE = list_of(list_of(text))
_FIELDS = fields(
    task=text,
    budget=whole_number(0, _MOST),
    verdict=text,
    measured=_TABLE,
    command=optional(text),
    written=optional(_written),  # missing in what older versions wrote
)
STORY: Shape[Story] = _story
"""Reads what ``asdict`` made of a story."""
