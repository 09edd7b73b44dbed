"""A folder has one process at a time."""

from __future__ import annotations

import pytest

from search.folder.lock import LOCK, locked
from spaces.errors import UsageError


def test_a_folder_that_somebody_works_in_is_refused_with_what_to_do(tmp_path):
    with (
        locked(tmp_path, another="wait"),
        pytest.raises(UsageError, match=r"is in use by another run; wait\."),
        locked(tmp_path, another="wait"),
    ):
        pass
    assert (tmp_path / LOCK).exists()


def test_it_is_free_again_once_that_has_ended_however_it_ended(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path, another="wait"):
        raise KeyError
    with locked(tmp_path, another="wait"):
        pass
