"""A file is there whole, or as it was."""

from __future__ import annotations

import errno
import os

import pytest

from evaluators.store.whole_file import is_unfinished, unfinished_path, whole_file


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
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_bytes_are_on_the_disk_before_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    seen, fsync, replace = [], os.fsync, os.replace

    def synced(descriptor):
        seen.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def replaced(old, new):
        seen.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    with whole_file(tmp_path / "result.json") as unfinished:
        unfinished.write_text("new")
    assert seen == [unfinished.name, "replace", tmp_path.name]


def test_what_a_killed_process_leaves_is_known_by_its_name(tmp_path):
    assert is_unfinished(unfinished_path(tmp_path / "result.json", "part").name)
    assert is_unfinished(unfinished_path(tmp_path / "a\nb", "old").name)
    for mine in ("result.json", ".hidden.new", "thesis.part", ".a.0123.part"):
        assert not is_unfinished(mine)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_a_file_system_that_syncs_no_folders_is_written_to_all_the_same(tmp_path, monkeypatch, number):
    fsync = os.fsync

    def refuse(descriptor, *, folders=True):
        if os.path.isdir(os.readlink(f"/proc/self/fd/{descriptor}")) == folders:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    with whole_file(tmp_path / "result.json") as unfinished:
        unfinished.write_text("new")
    assert (tmp_path / "result.json").read_text() == "new"
    monkeypatch.setattr(os, "fsync", lambda descriptor: refuse(descriptor, folders=False))
    with pytest.raises(OSError, match=os.strerror(number)), whole_file(tmp_path / "result.json") as again:
        again.write_text("newer")
    assert (tmp_path / "result.json").read_text() == "new"
