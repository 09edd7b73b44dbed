"""Where the studies of a run lie, and what they are called."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import uuid4

from .opened_storage import Place, checked_storage
from .shown import Aim, ShownStudy

__all__ = ["FILES_FOLDER", "STUDY_FILE", "StudyPlace", "place_of", "study_name_of"]

STUDY_FILE: Final = "study.db"
FILES_FOLDER: Final = "artifacts"
"""Of the files beside trials, in a run's folder."""
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """A storage, and what of a run is told beside its trials.

    Args:
        where: the storage.
        name: of the study. chosen: whether somebody chose it, so that no other will do.
        facts: model, task, space, budget, as people know them.
        identity: of all that decides the run's trials; see ``ShownStudy``. By default one that no other run
            has, so that nobody goes on with its studies.
        folder: where the run writes; None where nothing of it is kept.
        command: the line that asked for it.
    """

    where: Place
    name: str
    facts: Mapping[str, object]
    chosen: bool = False
    identity: str = field(default_factory=lambda: uuid4().hex)
    folder: Path | None = None
    command: str | None = None

    @property
    def files(self) -> Path | None:
        """The folder of files beside trials; None where there are none."""
        return None if self.folder is None else self.folder / FILES_FOLDER

    def study(
        self, aims: Sequence[Aim], *, kind: str = "", more: Mapping[str, object] | None = None
    ) -> ShownStudy:
        """One of the run's studies. kind: ends its name, where it has one. more: facts of it alone."""
        name = f"{self.name}, {kind}" if kind else self.name
        told = {**self.facts, **(more or {}), "command": self.command, "commit": _commit()}
        told["program"] = f"rankscape {version('rankscape')}"
        attributes = {name: value for name, value in told.items() if value is not None}
        return ShownStudy(name, tuple(aims), self.identity, attributes)


def place_of(storage: str | None, folder: Path) -> Place:
    """The storage at an address; by default ``study.db`` in the folder.

    Raises UsageError where there is no storage at that address.
    """
    return folder / STUDY_FILE if storage is None else checked_storage(storage)


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
