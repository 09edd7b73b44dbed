"""Whether a search can be shown, and shared, where it shall be: found out before a model is loaded."""

from __future__ import annotations

import json

from search.folder.folder_record import FolderRecord
from search.live.settings import LiveSettings
from search.mirror.free_names import check_free, chosen_place
from search.mirror.study_place import check_shown
from search.shared.join_settings import JoinSettings
from search.shared.shared_work import agreed_before
from search.storage.opened_storage import opened_storage
from search.storage.settings import StorageSettings

from .alike import SETTLED, check_alike
from .finalists_mirror import LIVE_STUDIES, PLAIN_STUDIES

__all__ = ["check_storage_ready"]


def check_storage_ready(
    shown: StorageSettings, join: JoinSettings, live: LiveSettings, record: FolderRecord
) -> None:
    """Raises UsageError on a storage that cannot be opened or written, on a study's name that another search
    has, and where the drivers of a search that is shared differ.

    record: what the search's folder will say of it. What of it cannot be told yet, as of a hub that does not
    answer, is asked for again when it begins.
    """
    check_shown(shown)
    place = chosen_place(shown, record)
    if join.join and place is not None:
        with opened_storage(place.where) as storage:
            theirs = agreed_before(storage, place.of_work, SETTLED)
        if theirs is not None:
            check_alike(json.loads(theirs), record)
    check_free(place, LIVE_STUDIES if live.trials else PLAIN_STUDIES)
