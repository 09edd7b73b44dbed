"""Where the rows of a corpus are on the Hugging Face hub, and how they differ there from its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from evaluators.data.hub_rows import hub_splits

from .entry import Entry

__all__ = ["AS_PARQUET", "Published", "published_entries"]

AS_PARQUET: Final = "refs/convert/parquet"
"""The hub's own conversion of a data set that is a script, which ``datasets`` no longer runs."""


def _as_it_is(row: dict[str, Any]) -> Entry:
    return row


@dataclass(frozen=True, slots=True)
class Published:
    """A data set.

    config: of the data set, where it has several. revision: its branch, where that is not the first. entry: a
    row as the corpus' files have it. train, report: the splits to learn from and to report on.
    """

    dataset: str
    config: str | None = None
    revision: str | None = None
    entry: Callable[[dict[str, Any]], Entry] = _as_it_is
    train: str = "train"
    report: str = "test"


def published_entries(
    name: str, published: Published, *, reachable: Callable[[], bool]
) -> tuple[list[Entry], list[Entry]]:
    """The entries to learn from and those to report on; raises InputError where they cannot be had.

    name: the task's, for messages. reachable: whether the hub can be asked.
    """
    splits = hub_splits(name, published.dataset, published.config, published.revision, reachable=reachable)
    train, report = splits[published.train], splits[published.report]
    return [published.entry(row) for row in train], [published.entry(row) for row in report]
