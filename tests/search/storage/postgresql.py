"""A PostgreSQL server of Debian's package on the loopback address, which refuses to run as root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOUND: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
MISSING: Final = (
    "postgresql is not installed (apt-get install postgresql)"
    if not _FOUND
    else "it is started as user postgres, which only root can"
    if os.geteuid() != 0 or shutil.which("runuser") is None
    else None
)
"""Why there is no server here; None where one can be started."""


@dataclass(frozen=True)
class PostgresServer:
    """data: a folder of user postgres."""

    data: Path
    port: int

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[PostgresServer]:
        """Until the end of the block, with no tables at first."""
        with tempfile.TemporaryDirectory() as place:  # not within a folder of root's
            Path(place).chmod(0o755)
            server = cls.begun(Path(place))
            try:
                yield server
            finally:
                server.stop()

    @classmethod
    def begun(cls, folder: Path) -> PostgresServer:
        """A running server with no tables. folder: an empty one that its user may reach."""
        shutil.chown(folder, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = cls(folder / "data", port)
        _as_postgres("initdb", ["-D", str(server.data), "-A", "trust", "-U", "optuna", "--no-sync"])
        server.start()
        return server

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://optuna@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.data} -c fsync=off"
        log = str(self.data / "log")
        _as_postgres("pg_ctl", ["-D", str(self.data), "-l", log, "-w", "start", "-o", options])

    def stop(self) -> None:
        """At once, with those who are connected."""
        _as_postgres("pg_ctl", ["-D", str(self.data), "-w", "-m", "immediate", "stop"])


def _as_postgres(program: str, words: Sequence[str]) -> None:
    command = ["runuser", "-u", "postgres", "--", str(_FOUND[-1] / program), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
