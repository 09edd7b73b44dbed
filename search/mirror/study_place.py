"""Where the studies of a run lie, and what they are called."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import uuid4

from search.job.job import Job
from search.job.run_names import ADAPTER_FOLDER, FILES_FOLDER, STUDY_FILE
from search.storage.opened_storage import Place, check_writable, checked_storage
from search.storage.settings import StorageSettings

from .shown import OF_A_PLAN, Aim, ShownStudy

__all__ = ["StudyPlace", "check_shown", "study_name_of", "study_of_job", "study_place"]

_OF_A_KIND: Final = ", "  # in a study's name, between that of the run and its kind
_SHORT: Final = 12  # characters of a commit
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """Where the studies of a run lie, and what they tell of it besides trials.

    Args:
        name: of the study. chosen: whether somebody chose it, so that no other will do.
        facts: model, task, space, budget, as people know them.
        storage: an address; None: ``study.db`` in the folder.
        command: the line that asked for it.
        folder: where the run writes. kept: whether that stays.
        identity: of all that decides the run's trials; see ``ShownStudy``. By default one that no other run
            has, so that nobody goes on with its studies.
    """

    name: str
    facts: Mapping[str, object]
    storage: str | None = None
    chosen: bool = False
    command: str | None = None
    folder: Path = Path()
    kept: bool = False
    identity: str = field(default_factory=lambda: uuid4().hex)

    def at(self, folder: Path, identity: str | None) -> StudyPlace:
        """The same of a run in a folder; identity: None where that is not kept."""
        if identity is None:
            return replace(self, folder=folder)
        return replace(self, folder=folder, identity=identity, kept=True)

    def of(self, plan: object) -> StudyPlace:
        """The same for trials that follow from a plan, told by its ``repr``; another plan has others."""
        told = sha256(repr((self.identity, plan)).encode()).hexdigest()[:32]
        return replace(self, identity=f"{self.identity}{OF_A_PLAN}{told}")

    @property
    def where(self) -> Place:
        """The storage."""
        return self.storage or self.folder / STUDY_FILE

    @property
    def elsewhere(self) -> str | None:
        """How the names of the studies begin where they are in no file of the folder; None where they are."""
        return None if self.storage is None else self.name

    def called(self, kind: str) -> str:
        """The name of one of the run's studies; that of the run itself where it is of no kind."""
        return f"{self.name}{_OF_A_KIND}{kind}" if kind else self.name

    def kind_of(self, name: str) -> str | None:
        """Of which kind the run's study of that name is; None where none of its studies is called so."""
        if name == self.name:
            return ""
        start = f"{self.name}{_OF_A_KIND}"
        return name.removeprefix(start) if name.startswith(start) else None

    @property
    def of_work(self) -> str:
        """The study in which drivers that share the run divide its work."""
        return self.called("work")

    @property
    def files(self) -> Path | None:
        """The folder of files beside trials; None where nothing is kept."""
        return self.folder / FILES_FOLDER if self.kept else None

    @property
    def adapter(self) -> Path | None:
        """Where the winner is saved, if that is kept."""
        return self.folder / ADAPTER_FOLDER if self.kept else None

    def study(
        self, aims: Sequence[Aim], *, kind: str = "", more: Mapping[str, object] | None = None
    ) -> ShownStudy:
        """One of the run's studies. kind: ends its name, where it has one. more: facts of it alone."""
        told = {**self.facts, **(more or {}), "command": self.command, "commit": _commit()}
        told["program"] = f"rankscape {version('rankscape')}"
        attributes = {name: value for name, value in told.items() if value is not None}
        return ShownStudy(self.called(kind), tuple(aims), self.identity, attributes)


def check_shown(shown: StorageSettings) -> None:
    """Raises UsageError where no storage at the address that was chosen can be opened and written."""
    if shown.storage is not None:
        check_writable(checked_storage(shown.storage))


def study_place(
    shown: StorageSettings, usual: str, facts: Mapping[str, object], *, command: str | None = None
) -> StudyPlace:
    """As somebody chose, else of the usual name; raises UsageError where there is no storage."""
    storage = None if shown.storage is None else checked_storage(shown.storage)
    name = shown.study_name or usual
    return StudyPlace(name, facts, storage, chosen=shown.study_name is not None, command=command)


def study_of_job(job: Job, budget: str, shown: StorageSettings, *, command: str | None = None) -> StudyPlace:
    """The same of a command about one model and one task. budget: as it was typed. command: its line."""
    facts = {"model": job.model_title, "task": job.task.name, "space": job.title, "budget": budget}
    usual = study_name_of(job.task.name, job.model_title, budget)
    return study_place(shown, usual, facts, command=command)


def study_name_of(task: str, model: str, budget: str) -> str:
    """What a study is called where nobody says.

    >>> study_name_of("sst2", "MiniLM", "0.5%")
    'sst2, MiniLM, 0.5%'
    """
    return ", ".join(filter(None, (task, model.rpartition("/")[2], budget)))


def _commit() -> str | None:
    """Of this program's repository; None where it is installed without one."""
    if not (_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(_ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout[:_SHORT]
    except (OSError, subprocess.CalledProcessError):
        return None
