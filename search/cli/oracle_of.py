"""Who answers for the allocations of a search that was typed. Importing this takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from evaluators.store.benchmark_table import BenchmarkTable
from search.job.job import Job
from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.run.oracle import Oracle
from search.run.pipeline import check_names
from search.run.settings import SearchSettings
from search.run.tabulated import TableChoice, TabulatedOracle
from search.run.trained import TrainedOracle
from search.run.weight_shared import SupernetOracle
from spaces.errors import UsageError

from .ground_of import ground_of, machine_given
from .typed import Typed

__all__ = ["oracle_of"]

_ORACLES: Final[Mapping[str, Callable[[Job], Oracle]]] = {
    "train": TrainedOracle,
    "supernet": lambda job: SupernetOracle(TrainedOracle(job)),
}


def oracle_of(given: Typed) -> Oracle:
    """Loads everything; raises UsageError or InputError on what cannot be used."""
    settings = given.of(SearchSettings)
    check_names(settings)
    if settings.table is None:
        job = prepare(
            ground_of(given, machine_given(given)),
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
