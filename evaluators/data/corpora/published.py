"""Where the rows of a corpus are on the Hugging Face hub, and how they differ there from its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from evaluators.data.hub_rows import GIVE_FILES, hub_splits
from spaces.foreign import foreign

from .entry import CorpusEntry

__all__ = ["AS_PARQUET", "Published", "published_entries"]

AS_PARQUET: Final = "refs/convert/parquet"
"""The hub's own conversion of a data set that is a script, which ``datasets`` no longer runs."""


def _as_it_is(row: dict[str, Any]) -> CorpusEntry:
    return row


@dataclass(frozen=True, slots=True)
class Published:
    """A data set.

    config: of the data set, where it has several. revision: its branch, where that is not the first. entry: a
    row as the corpus' files have it. report: the split to report on; None where there is none.
    """

    dataset: str
    config: str | None = None
    revision: str | None = None
    entry: Callable[[dict[str, Any]], CorpusEntry] = _as_it_is
    report: str | None = "test"


def published_entries(
    name: str, published: Published, *, reachable: Callable[[], bool]
) -> tuple[list[CorpusEntry], list[CorpusEntry] | None]:
    """The entries to learn from and those to report on, None where the data set has none of these.

    name: the task's, for messages. reachable: whether the hub can be asked.
    Raises InputError where they cannot be had, or a row is not laid out as it should be.
    """
    splits = hub_splits(name, published.dataset, published.config, published.revision, reachable=reachable)
    with foreign(f"`task={name!r}`: {published.dataset} is not laid out as it was", f"{GIVE_FILES}."):
        train = [published.entry(row) for row in splits["train"]]
        report = None if published.report is None else [*map(published.entry, splits[published.report])]
    return train, report
