"""A file is there whole, or as it was."""

from __future__ import annotations

import pytest

from evaluators.whole_file import whole_file


def test_the_file_takes_its_place_when_the_block_ends_well(tmp_path):
    path = tmp_path / "result.json"
    with whole_file(path) as unfinished:
        unfinished.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")

    def interrupted():
        with whole_file(path) as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
