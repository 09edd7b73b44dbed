"""How many trials live at a time is settled when a search begins."""

from __future__ import annotations

from search.live.at_once import settled_at_once


def test_a_search_keeps_what_it_began_with_on_whatever_machine_it_goes_on(tmp_path, caplog):
    caplog.set_level("INFO")
    assert settled_at_once(tmp_path / "one", 8) == 8
    assert settled_at_once(tmp_path / "one", 8) == 8
    assert not caplog.text
    assert settled_at_once(tmp_path / "one", 16) == 8
    assert "going on with 8 trials at a time, as it began, not 16" in caplog.text
    assert settled_at_once(tmp_path / "two", 16) == 16
