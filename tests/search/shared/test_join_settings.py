"""What cannot be shared is refused before anything is opened."""

from __future__ import annotations

import pytest

from search.live.settings import LiveSettings
from search.shared.join_settings import JoinSettings, check_join
from search.storage.settings import StorageSettings
from spaces.errors import UsageError

JOIN, LIVE = JoinSettings(join=True), LiveSettings(trials=4)
SHOWN = StorageSettings("postgresql+psycopg://u@h/d", "name")


def test_a_live_search_with_a_server_and_a_name_can_be_shared():
    check_join(JOIN, LIVE, SHOWN)


def test_a_search_that_is_not_shared_needs_none_of_that():
    check_join(JoinSettings(), LiveSettings(), StorageSettings())


@pytest.mark.parametrize(
    ("live", "shown", "said"),
    [
        (LiveSettings(), SHOWN, "add `trials`"),
        (LIVE, StorageSettings(None, "name"), "give `storage` its address"),
        (LIVE, StorageSettings(SHOWN.storage), "give them all one `study_name`"),
        (LIVE, StorageSettings("x.log", "name"), "no journal"),
        (LiveSettings(trials=4, objectives=("loss", "params")), SHOWN, "give one objective"),
    ],
)
def test_what_is_missing_or_cannot_be_is_said(live, shown, said):
    with pytest.raises(UsageError, match=said):
        check_join(JOIN, live, shown)


def test_a_heartbeat_is_of_a_search_that_is_shared():
    assert JoinSettings(join=True, heartbeat=5).heartbeat == 5
    with pytest.raises(UsageError, match=r"`heartbeat` is of a search that is shared; add `join`"):
        JoinSettings(heartbeat=5)
