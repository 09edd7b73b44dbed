"""A search that was typed, at work in its folder. Importing this takes seconds."""

from __future__ import annotations

from collections.abc import Callable

from evaluators.store.benchmark_table import BenchmarkTable
from search.folder.output_folder import OutputFolder
from search.job.machine import Machine
from search.job.progress import Progress
from search.job.settings import SpaceSettings, TrainingSettings
from search.live.settings import LiveSettings
from search.mirror.study_place import StudyPlace, study_name_of, study_place
from search.run.pipeline import check_names, search_in_folder, search_with
from search.run.record import SearchRecord
from search.run.set_up import workbench_of
from search.run.settings import SearchSettings
from search.run.storage_ready import check_storage_ready
from search.run.tabulated_oracle import TableChoice, TabulatedOracle
from search.run.workbench import Workbench
from search.shared.join_settings import JoinSettings
from search.storage.settings import StorageSettings

from .ground_of import job_settings_of, machine_given
from .job_options import JOB
from .output_settings import ScreenSettings
from .progress import progress_on_stderr
from .shareable_line import shareable_line
from .typed import Typed

__all__ = ["search_in", "workbench_given"]


def search_in(
    folder: OutputFolder, given: Typed, machine: Callable[[Typed], Machine] = machine_given
) -> SearchRecord:
    """Runs the search and writes all of it down; raises UsageError or InputError on what cannot be used."""
    settings, live = given.of(SearchSettings), given.of(LiveSettings)
    progress = progress_on_stderr(quiet=given.of(ScreenSettings).quiet)
    check_names(settings, live)
    check_storage_ready(given.of(StorageSettings), given.of(JoinSettings), live, folder.planned)
    if settings.table is None:
        line = shareable_line("rankscape run", (SearchSettings, LiveSettings, *JOB), given)
        bench = workbench_given(given, machine, progress)
        shown = given.of(StorageSettings)
        join = given.of(JoinSettings)
        found = bench.search_in(folder, settings, live, shown=shown, join=join, command=line)
        return found if isinstance(found, SearchRecord) else found.record
    seed, oracle = given.of(TrainingSettings).seed, _of_a_table(given)
    study = _study_of_a_table(oracle, settings, given.of(StorageSettings))
    return search_in_folder(
        folder,
        lambda path, identity: search_with(
            oracle, settings, path, seed=seed, study=study.at(path, identity), progress=progress
        ),
    ).record


def workbench_given(given: Typed, machine: Callable[[Typed], Machine], progress: Progress) -> Workbench:
    """What ``search.setup`` gives, of what was typed."""
    return workbench_of(job_settings_of(given), machine(given), progress)


def _of_a_table(given: Typed) -> TabulatedOracle:
    """Raises UsageError or InputError on what the table cannot answer for."""
    settings = given.of(SearchSettings)
    assert settings.table is not None, "only a search in a table comes here"
    space, training = given.of(SpaceSettings), given.of(TrainingSettings)
    choice = TableChoice(
        budget=space.budget if "budget" in given.names else None,
        scaling=space.scaling,
        lr=training.lr,
        ranks=space.ranks,
        seeds=training.seeds if "seeds" in given.names else None,
    )
    oracle = TabulatedOracle.of(BenchmarkTable.read(settings.table), choice)
    oracle.scores_of(settings.proxy)  # or it is refused before anything is written
    return oracle


def _study_of_a_table(
    oracle: TabulatedOracle, settings: SearchSettings, shown: StorageSettings
) -> StudyPlace:
    assert settings.table is not None, "only a search in a table comes here"
    problem = oracle.problem
    name = study_name_of(problem.title, settings.table.name, f"{problem.max_params:,}")
    facts = {"table": settings.table.name, "space": problem.title, "budget": problem.max_params}
    return study_place(shown, name, facts)
