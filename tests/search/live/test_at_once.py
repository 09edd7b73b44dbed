"""How many trials live at a time is settled when a search begins."""

from __future__ import annotations

import pytest

from search.live.at_once import settled_at_once
from spaces.errors import InputError


def test_a_search_keeps_what_it_began_with_on_whatever_machine_it_goes_on(tmp_path, caplog):
    caplog.set_level("INFO")
    assert settled_at_once(tmp_path / "one", 8) == 8
    assert settled_at_once(tmp_path / "one", 8) == 8
    assert not caplog.text
    assert settled_at_once(tmp_path / "one", 16) == 8
    assert "going on with 8 trials at a time, as it began, not 16" in caplog.text
    assert settled_at_once(tmp_path / "two", 16) == 16


@pytest.mark.parametrize("content", [b"", b"\0\0", b"8.5", b"0", b"-4", b"eight"])
def test_what_is_no_number_of_trials_is_named(tmp_path, content):
    settled_at_once(tmp_path, 8)
    (tmp_path / "at_once").write_bytes(content)
    with pytest.raises(InputError, match="at_once is damaged"):
        settled_at_once(tmp_path, 8)
