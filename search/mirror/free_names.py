"""Whether the names of a run's studies are free: found out before anything is trained for them."""

from __future__ import annotations

from collections.abc import Sequence

from spaces.errors import UsageError

from .allocation_mirror import IN_SHORT
from .opened_storage import opened_storage
from .patience import patiently
from .study_mirror import is_anothers
from .study_place import StudyPlace

__all__ = ["check_free"]


def check_free(place: StudyPlace, kinds: Sequence[str]) -> None:
    """Raises UsageError where a name that somebody chose is another run's; writes nothing.

    kinds: of the studies that the run will have, each maybe with one in short. Names that nobody chose, and
    those in a file of the run's own, are never another's.
    """
    if place.storage is None or not place.chosen:
        return
    names = [place.called(kind) for kind in kinds]
    taken = patiently(lambda: _taken(place, [*names, *(f"{name}{IN_SHORT}" for name in names)]))
    if taken is not None:
        raise UsageError(f"`storage` has a study {taken!r} of another search; choose another `study_name`.")


def _taken(place: StudyPlace, names: Sequence[str]) -> str | None:
    """The first name that is another run's."""
    assert place.storage is not None, "only somebody else's storage has others' studies"
    with opened_storage(place.storage) as storage:
        ids = {one.study_name: one._study_id for one in storage.get_all_studies()}
        return next(
            (one for one in names if one in ids and is_anothers(storage, ids[one], place.identity)), None
        )
