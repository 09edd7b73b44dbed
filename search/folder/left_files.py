"""The files that a run which has ended left in its folder: told, and which are gone or damaged since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from evaluators.base.content_digest import file_digest
from search.job.run_names import STUDY_FILE
from search.storage.sqlite_look import is_damaged

__all__ = ["changes_of", "digests_of"]

_ANY: Final = ""  # the digest of a file into which others may write: the dashboard writes into the study's


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files in a folder, by path within it; empty of the study's."""
    return {name: _ANY if name == STUDY_FILE else file_digest(folder / name) for name in names}


def changes_of(folder: Path, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The files that are gone or no longer as ``digests_of`` told them, and what is wrong; gone ones last.

    The study's is wrong where it ``is_damaged``.
    """
    there = [name for name in known if (folder / name).is_file()]
    for name in there:
        if known[name] != _ANY and file_digest(folder / name) != known[name]:
            yield name, "is not what its run wrote"
    study = folder / STUDY_FILE
    if study.is_file() and is_damaged(study):
        yield STUDY_FILE, "is damaged: SQLite cannot read it"
    yield from ((name, "is gone") for name in known if name not in there)
