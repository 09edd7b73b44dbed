"""Whether the names of a run's studies are free: found out before anything is loaded or trained for them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path

from optuna.storages import BaseStorage

from search.folder.folder_record import FolderRecord
from search.storage.opened_storage import opened_storage
from search.storage.patience import patiently
from search.storage.settings import StorageSettings

from .allocation_mirror import IN_SHORT
from .study_mirror import is_anothers, taken
from .study_place import StudyPlace

__all__ = ["check_free", "chosen_place"]


def chosen_place(shown: StorageSettings, record: FolderRecord) -> StudyPlace | None:
    """Where studies lie whose name somebody chose in a storage, of the run whose folder has this record.

    None where names are the run's own affair, and where it cannot be told yet which run it is, as of a hub
    that does not answer.
    """
    if shown.storage is None or shown.study_name is None or record.provenance.untold():
        return None
    return StudyPlace(shown.study_name, {}, shown.storage, chosen=True).at(Path(), record.identity)


def check_free(place: StudyPlace | None, kinds: Container[str]) -> None:
    """Raises UsageError where a name that somebody chose is another run's; writes nothing.

    place: None, as ``chosen_place`` says. kinds: of the studies that the run will have, each maybe with one
    in short. Names that nobody chose, and those in a file of the run's own, are never another's.
    """
    if place is None or place.storage is None or not place.chosen:
        return
    name = patiently(lambda: _taken(place, kinds))
    if name is not None:
        raise taken(name)


def _taken(place: StudyPlace, kinds: Container[str]) -> str | None:
    """The first name that is another run's."""
    assert place.storage is not None, "only somebody else's storage has others' studies"
    with opened_storage(place.storage) as storage:
        return min(_anothers(storage, place, kinds), default=None)


def _anothers(storage: BaseStorage, place: StudyPlace, kinds: Container[str]) -> Iterator[str]:
    for one in storage.get_all_studies():
        meant = {place.kind_of(name) for name in (one.study_name, one.study_name.removesuffix(IN_SHORT))}
        own = any(kind is not None and kind in kinds for kind in meant)
        if own and is_anothers(storage, one._study_id, place.identity):
            yield one.study_name
