"""Where the studies of a command lie that is about one model and one task."""

from __future__ import annotations

from pathlib import Path

from search.job.job import Job
from search.job.settings import SpaceSettings
from search.mirror.settings import StorageSettings
from search.mirror.study_place import StudyPlace, study_name_of, study_place

from .typed import Typed

__all__ = ["study_of_job"]


def study_of_job(job: Job, given: Typed, folder: Path, identity: str) -> StudyPlace:
    """As was typed, in a folder that is kept; raises UsageError where there is no storage."""
    budget = given.of(SpaceSettings).budget
    facts = {"model": job.model_title, "task": job.task.name, "space": job.title, "budget": budget}
    usual = study_name_of(job.task.name, job.model_title, budget)
    return study_place(given.of(StorageSettings), usual, facts).at(folder, identity)
