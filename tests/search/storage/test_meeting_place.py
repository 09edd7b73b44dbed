"""Drivers meet in a database that several processes can use, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.storage.meeting_place import check_meeting_place, network_file_system
from spaces.errors import UsageError

MOUNTS = r"""
21 1 8:1 / / rw - ext4 /dev/root rw
22 21 0:20 / /home rw,relatime shared:1 - nfs4 server:/home rw
23 22 8:2 / /home/ada/local\040disk rw - xfs /dev/sdb rw
24 21 0:30 / /mnt/far rw - fuse.sshfs ada@far: rw
25 21 0:31 / /mnt/near rw - fuse.mergerfs x rw
"""


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("study.log", "no journal"),
        ("/data/study.journal", "no journal"),
        ("sqlite://", "no memory of one process"),
        ("sqlite:///:memory:", "no memory of one process"),
        ("sqlite:///file:x?mode=memory&uri=true", "no memory of one process"),
    ],
)
def test_a_journal_and_memory_are_no_places_to_meet(address, said):
    with pytest.raises(UsageError, match=rf"^`join` needs .*{said}; give `storage` the address of a server"):
        check_meeting_place(address)


@pytest.mark.parametrize("address", ["postgresql+psycopg://u@h/d", "mysql+pymysql://u@h/d"])
def test_a_server_is(address):
    check_meeting_place(address)


def test_an_sqlite_file_is_where_it_lies_on_this_machine(tmp_path):
    check_meeting_place(f"sqlite:///{tmp_path}/study.db")
    check_meeting_place(f"sqlite:///file:{tmp_path}/study.db?uri=true")


def test_a_network_s_file_system_is_told_by_the_mount_nearest_to_the_file(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.lstrip())
    for path, kind in {
        "/data/x.db": None,
        "/home/ada/x.db": "nfs4",
        "/home/ada/local disk/x.db": None,
        "/mnt/far/x.db": "fuse.sshfs",
        "/mnt/near/x.db": None,
    }.items():
        assert network_file_system(Path(path), mounts) == kind
    assert network_file_system(Path("/home/x.db"), tmp_path / "none") is None
