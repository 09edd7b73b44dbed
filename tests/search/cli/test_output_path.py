"""Two starts in the same second do not get the same folder."""

from __future__ import annotations

import time
from pathlib import Path

from search.cli.output_path import claimed_path


def test_starts_in_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "strftime", lambda _: "now")
    with claimed_path() as first, claimed_path() as second, claimed_path() as third:
        assert [str(path) for path in (first, second, third)] == ["runs/now", "runs/now-2", "runs/now-3"]
        (second / "result.json").write_text("")
    assert [path.name for path in Path("runs").iterdir()] == ["now-2"]


def test_nothing_is_left_of_a_start_that_wrote_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with claimed_path() as path:
        assert path.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_made_it_is_still_named(tmp_path, monkeypatch):
    """Whoever opens it says why it cannot be; a report that goes elsewhere needs none."""
    monkeypatch.chdir(tmp_path)
    Path("runs").write_text("a file")
    with claimed_path() as path:
        assert path.parent == Path("runs")
    assert Path("runs").read_text() == "a file"
