"""A search that was typed, at work in its folder. Importing this takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from evaluators.store.benchmark_table import BenchmarkTable
from search.job.job import Job
from search.job.machine import Machine
from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.run.oracle import Oracle
from search.run.pipeline import check_names, search_with
from search.run.record import SearchRecord
from search.run.settings import SearchSettings
from search.run.supernet_oracle import SupernetOracle
from search.run.tabulated import TableChoice, TabulatedOracle
from search.run.trained import TrainedOracle
from spaces.errors import UsageError

from .ground_of import ground_of, machine_given
from .output_folder import OutputFolder
from .output_settings import ScreenSettings
from .progress import progress_on_stderr
from .typed import Typed

__all__ = ["oracle_of", "search_in"]

_ORACLES: Final[Mapping[str, Callable[[Job], Oracle]]] = {
    "train": TrainedOracle,
    "supernet": lambda job: SupernetOracle(TrainedOracle(job)),
}


def search_in(
    folder: OutputFolder, given: Typed, machine: Callable[[Typed], Machine] = machine_given
) -> SearchRecord:
    """Runs the search and writes all of it down; raises UsageError or InputError on what cannot be used."""
    oracle = oracle_of(given, machine)
    folder.begin()
    result = search_with(
        oracle,
        given.of(SearchSettings),
        folder.path,
        seed=given.of(TrainingSettings).seed,
        progress=progress_on_stderr(quiet=given.of(ScreenSettings).quiet),
    )
    folder.finish(result.to_json())
    return result.record


def oracle_of(given: Typed, machine: Callable[[Typed], Machine]) -> Oracle:
    """Loads everything; raises UsageError or InputError on what cannot be used."""
    settings = given.of(SearchSettings)
    check_names(settings)
    if settings.table is None:
        job = prepare(
            ground_of(given, machine(given)),
            given.of(SpaceSettings),
            given.of(TrainingSettings),
            given.of(ScoringSettings),
        )
        return _ORACLES[settings.evaluator](job)
    if settings.evaluator != "train":
        raise UsageError(
            f"`table` and `evaluator={settings.evaluator}` exclude each other: a table has runs of its own; "
            "give one of them."
        )
    space, training = given.of(SpaceSettings), given.of(TrainingSettings)
    choice = TableChoice(
        budget=space.budget if "budget" in given.names else None,
        scaling=space.scaling if "scaling" in given.names else None,
        lr=training.lr,
        ranks=space.ranks,
        seeds=training.seeds if "seeds" in given.names else None,
    )
    oracle = TabulatedOracle.of(BenchmarkTable.read(settings.table), choice)
    oracle.scores_of(settings.proxy)  # or it is refused before anything is written
    return oracle
