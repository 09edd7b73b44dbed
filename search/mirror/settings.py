"""What can be chosen of the studies that a run is shown in."""

from __future__ import annotations

from dataclasses import dataclass

from search.job.option import check_settings, option

__all__ = ["StorageSettings"]


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """The study."""

    storage: str | None = option(
        None,
        "an Optuna storage for what optuna-dashboard shows: sqlite:///FILE, postgresql+psycopg://..., "
        "mysql+pymysql://..., or a journal file that ends in .log",
        metavar="URL",
        default_text="study.db in the output folder",
    )
    study_name: str | None = option(
        None,
        "how the studies are called",
        metavar="NAME",
        default_text="task, model, budget",
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
