"""A study in its folder. Importing this takes seconds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from evaluators.store.benchmark_table import BenchmarkTable, Stratum
from evaluators.training.candidate import Candidate
from search.folder.output_folder import OutputFolder, decisive
from search.folder.provenance import inputs_of
from search.job.machine import Machine
from search.job.settings import DataSettings, ModelSettings, ScoringSettings, SpaceSettings, TrainingSettings
from search.mirror.free_names import check_free, chosen_place
from search.mirror.study_place import check_shown, study_of_job
from search.storage.settings import StorageSettings
from search.study.pipeline import TABLE, check_any_finished, check_study_names, tabulate
from search.study.report import REPORT_FILES, StudyReport, write_report
from search.study.settings import STUDY_MAY_GROW, StudySettings
from search.study.strata import jobs_of
from search.study.stratum_mirror import STRATA_STUDIES
from spaces.counted import counted
from spaces.errors import InputError

from .command import Printed
from .ground_of import ground_of, machine_given
from .how_to_look import how_to_look
from .job_options import JOB_OF_STUDIES
from .output_path import output_path
from .output_settings import OutputSettings, ScreenSettings
from .progress import progress_on_stderr
from .typed import Typed

__all__ = ["report_anew", "run_study"]

_COMMAND: Final = "search.study"
_log = logging.getLogger(__name__)


def run_study(given: Typed, machine: Callable[[Typed], Machine] = machine_given) -> Printed:
    """Runs or goes on with a study; prints what ``report.json`` holds, and its text.

    Raises UsageError or InputError, and leaves nothing, on options or data that cannot be used; InputError
    where every run failed.
    """
    settings = given.of(StudySettings)
    known = decisive(given.each((*JOB_OF_STUDIES, StudySettings)), growing=STUDY_MAY_GROW)
    inputs = partial(inputs_of, given.of(ModelSettings), given.of(DataSettings))
    folder = OutputFolder(output_path(given.of(OutputSettings).output), _COMMAND, known, inputs=inputs)
    with folder.opened() as path:
        check_study_names(settings)
        shown = given.of(StorageSettings)
        check_shown(shown)
        check_free(chosen_place(shown, folder.planned), STRATA_STUDIES)
        space, training = given.of(SpaceSettings), given.of(TrainingSettings)
        jobs = jobs_of(ground_of(given, machine(given)), settings, space, training, given.of(ScoringSettings))
        folder.begin()
        progress = progress_on_stderr(quiet=given.of(ScreenSettings).quiet)
        budgets = ",".join(settings.budgets or (space.budget,))
        study = study_of_job(jobs[0], budgets, shown).at(path, folder.identity)
        check_free(study, STRATA_STUDIES)  # of a model of a hub, which is known by now
        table = tabulate(jobs, settings, path, study=study, progress=progress)
        check_any_finished(table)
        folder.confirm()
        _tell_of_less(path / TABLE, table)
        table.write(path / TABLE)
        return _said(write_report(table, path), path, how_to_look(path, study.elsewhere))


def _tell_of_less(path: Path, table: BenchmarkTable) -> None:
    """Logs how many runs of the table that is there the new one lacks: of a line that asks for less."""
    try:
        before = _runs_of(BenchmarkTable.read(path)) if path.exists() else frozenset()
    except InputError:  # of another version, or damaged
        return
    if lacking := len(before - _runs_of(table)):
        _log.warning(
            "the table and the report lose %s that were in them, as this line asks for less; the larger line "
            "has them again, without training",
            counted(lacking, "run"),
        )


def _runs_of(table: BenchmarkTable) -> frozenset[tuple[Stratum, Candidate]]:
    return frozenset((entry.stratum, run.candidate) for entry in table.entries for run in entry.runs)


def report_anew(source: Path, output: Path | None) -> Printed:
    """The report of a study's folder, or of its table, written to ``output`` or beside the table.

    A folder of its own belongs to the report of this table; beside the table it is that of the study, or
    one that holds nothing else. Raises InputError where there is no table that can be read.
    """
    path = source / TABLE if source.is_dir() else source
    if not path.is_file():
        raise InputError(
            f"{source} has no {TABLE}, which a study writes at its end; give one that ended, or its table."
        )
    table, home = BenchmarkTable.read(path), path.resolve().parent
    check_any_finished(table)
    if output is None or output.resolve() == home:
        files = (path.name, TABLE, *REPORT_FILES)
        beside = OutputFolder(path.parent, _COMMAND, {}, inputs=dict, any_options=True, files=files)
        with beside.opened() as folder:
            return _said(write_report(table, folder), folder)
    own = OutputFolder(output, _COMMAND, {"source": str(home / path.name)}, inputs=dict)
    with own.opened() as folder:
        own.begin()
        return _said(write_report(table, folder), folder)


def _said(report: StudyReport, folder: Path, *more: str) -> Printed:
    return Printed(report.to_json(), "\n".join((report.text(folder), *more)))
