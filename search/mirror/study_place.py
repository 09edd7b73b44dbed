"""Where the studies of a run lie, and what they are called."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import uuid4

from .opened_storage import Place, checked_storage

__all__ = ["STUDY_FILE", "StudyPlace", "identity_of", "study_name_of"]

STUDY_FILE: Final = "study.db"
_FILES: Final = "artifacts"
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """A storage, and what of a run is told beside its trials.

    Args:
        where: the storage.
        name: of the study, where somebody chose one.
        identity: of all that decides the run's trials; see ``ShownStudy``.
        folder: where the run writes; None where nothing of it is kept.
        command: the line that asked for it.
    """

    where: Place
    name: str | None
    identity: str
    folder: Path | None
    command: str | None = None

    @classmethod
    def of(
        cls,
        storage: str | None,
        name: str | None,
        folder: Path,
        *,
        identity: str | None,
        command: str | None = None,
    ) -> StudyPlace:
        """An Optuna storage at an address; by default ``study.db`` in the folder.

        identity: None where nothing is kept, so that nobody can go on with it; a folder that is kept has one.
        Raises UsageError where there is no storage at that address.
        """
        where = folder / STUDY_FILE if storage is None else checked_storage(storage)
        if identity is None:
            return cls(where, name, uuid4().hex, None, command)
        return cls(where, name, identity, folder, command)

    @property
    def files(self) -> Path | None:
        """The folder of files beside trials; None where there are none."""
        return None if self.folder is None else self.folder / _FILES

    def attributes(self, facts: Mapping[str, object]) -> dict[str, object]:
        """What a study tells of itself: facts, the command, and which program it was."""
        told = {**facts, "program": f"rankscape {version('rankscape')}", "commit": _commit()}
        if self.command is not None:
            told["command"] = self.command
        return {name: value for name, value in told.items() if value is not None}


def identity_of(*decisive: Mapping[str, object]) -> str:
    """A digest of all that decides a run: its options, what it reads."""
    return sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()[:32]


def study_name_of(task: str, model: str, budget: str) -> str:
    """What a study is called where nobody says.

    >>> study_name_of("sst2", "MiniLM", "0.5%")
    'sst2, MiniLM, 0.5%'
    """
    return ", ".join(filter(None, (task, model, budget)))


def _commit() -> str | None:
    """Of this program's repository; None where it is installed without one."""
    if not (_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(_ROOT), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
