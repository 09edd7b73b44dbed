"""What is said of a study is checked when it is said."""

from __future__ import annotations

import pytest

from search.storage.settings import StorageSettings
from spaces.errors import UsageError


@pytest.mark.parametrize("name", ["", "  "])
def test_a_study_without_a_name_is_refused(name):
    with pytest.raises(UsageError, match="`study_name` is empty; give a name"):
        StorageSettings(study_name=name)


def test_what_is_no_address_is_refused_without_being_shown():
    with pytest.raises(UsageError, match="`storage` is no address") as refused:
        StorageSettings("secret")
    assert "secret" not in str(refused.value)
    assert StorageSettings("a.log", "a name").storage == "a.log"
