"""What can be chosen of the studies that a run is shown in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from search.job.option import check_settings, option
from spaces.counted import counted
from spaces.errors import UsageError

__all__ = ["StorageSettings", "check_address", "is_journal"]

_LONGEST_NAME: Final = 200  # Optuna's tables hold 512, and names of several studies are made of one
_JOURNALS: Final = (".log", ".journal")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """The study."""

    storage: str | None = option(
        None,
        "an Optuna storage for what optuna-dashboard shows: sqlite:///FILE, postgresql+psycopg://..., "
        "mysql+pymysql://..., or a journal file that ends in .log",
        metavar="URL",
        default_text="study.db in the output folder",
        place_only=True,
    )
    study_name: str | None = option(
        None,
        "how the studies are called",
        metavar="NAME",
        default_text="task, model, budget",
        rare=True,
        place_only=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.study_name is not None and not self.study_name.strip():
            raise UsageError("`study_name` is empty; give a name, or leave it out.")
        if self.study_name is not None and len(self.study_name) > _LONGEST_NAME:
            given = counted(len(self.study_name), "character")
            raise UsageError(f"`study_name` has {given}; give at most {_LONGEST_NAME}.")
        if self.storage is not None:
            check_address(self.storage)


def check_address(storage: str) -> None:
    """Raises UsageError on what can be no storage of Optuna's; it is not shown, as it may hold a password.

    >>> check_address("sqlite:///study.db"), check_address("study.log")
    (None, None)
    """
    if "://" not in storage and not is_journal(storage):
        raise UsageError(
            "`storage` is no address of Optuna's; give a URL such as sqlite:///study.db or "
            "postgresql+psycopg://USER@HOST/DATABASE, or the path of a journal file that ends in .log."
        )


def is_journal(storage: str) -> bool:
    """Whether it is the path of a journal file."""
    return "://" not in storage and storage.endswith(_JOURNALS)
