"""Whether an Optuna storage is one in which several processes, on several machines, can meet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from spaces.errors import UsageError

__all__ = ["check_meeting_place", "network_file_system", "sqlite_path"]

_SQLITE: Final = re.compile(r"sqlite(?:\+\w+)?://(?:/(?P<path>[^?]*))?(?P<rest>.*)")
_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = ("nfs", "cifs", "smb", "9p", "afs", "beegfs", "ceph", "gfs", "glusterfs", "gpfs", "lustre")
_NETWORK_FUSE: Final = ("sshfs", "s3fs", "gcsfuse", "rclone", "glusterfs", "juicefs")
_ELSE: Final = "give `storage` the address of a server, such as postgresql+psycopg://USER@HOST/DATABASE."


def check_meeting_place(address: str) -> None:
    """Raises UsageError where it is a journal, lies in memory, or is an SQLite file on a network."""
    if "://" not in address:
        raise UsageError(f"`join` needs a database, which notices the dead, and no journal; {_ELSE}")
    path = sqlite_path(address)
    if path is None:
        return
    if not path:
        raise UsageError(f"`join` needs a database that others see, and no memory of one process; {_ELSE}")
    kind = network_file_system(Path(path.removeprefix("file:")))
    if kind is not None:
        raise UsageError(
            f"`join` needs locks that hold, and those of SQLite do not on a network's file system ({kind}); "
            f"{_ELSE}"
        )


def sqlite_path(address: str) -> str | None:
    """The path in an address of SQLite, empty where that is memory of this process; None of anything else.

    >>> sqlite_path("sqlite:///study.db"), sqlite_path("sqlite:///file:x?mode=memory&uri=true")
    ('study.db', '')
    """
    sqlite = _SQLITE.fullmatch(address)
    if sqlite is None:
        return None
    in_memory = ":memory:" in address or "mode=memory" in sqlite["rest"]
    return "" if in_memory else sqlite["path"] or ""


def network_file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The kind of the network's file system on which a path lies; None where it is none, or cannot be told.

    mounts: as Linux lists them (proc(5), mountinfo).
    """
    if not mounts.exists():
        return None
    places: dict[Path, str] = {}
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        place = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
        places[Path(place)] = after.split()[0]  # the last one covers those before
    whole = path.absolute()
    kind = next((places[one] for one in (whole, *whole.parents) if one in places), "")
    remote = kind.startswith(_NETWORK) or kind.removeprefix("fuse.").startswith(_NETWORK_FUSE)
    return kind if remote else None
