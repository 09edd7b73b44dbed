"""A job whose losses are told to a log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spaces.errors import UsageError

from .job import Job
from .logs.registry import find_loss_log
from .logs.training_log import CurveLog
from .right_type import path_of
from .run_names import LOGS

__all__ = ["logged"]


def logged(job: Job, log: str | None, folder: str | Path | None) -> Job:
    """The same job, of which a log of that name is told, in ``logs`` of the folder; as it is where none is
    named.

    Raises UsageError on a name or a folder that there is not, InputError where the log's package is missing.
    """
    if log is None:
        return job
    if folder is None:
        raise UsageError(f"`log={log}` writes beside what is kept, and nothing is; give a `folder`.")
    told = CurveLog(find_loss_log(log, path_of("folder", folder) / LOGS))
    return replace(job, ground=job.ground.on(replace(job.machine, log=told)))
