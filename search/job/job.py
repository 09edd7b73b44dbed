"""What is settled before the first expensive step of a search, a study or a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from transformers import PreTrainedModel

from evaluators.base.base_model import ModelSource
from evaluators.data.report_on import ReportOn
from evaluators.data.task import Task
from evaluators.executors.workload import Workload
from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.sparing import Sparing
from spaces.allocation import Allocation
from spaces.scaling import Rule
from spaces.search_space import SearchSpace
from spaces.site import Site

from .ground import Ground
from .machine import Machine
from .settings import ScoringSettings

__all__ = ["Job"]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A space and a budget over a model and a task, and how candidates are scored and trained.

    Args:
        ground: model, task and machine.
        title: the space as a person wrote it.
        space: the sites that can be used, at the ranks to choose from.
        max_params: the budget, in parameters.
        recipe: of every candidate's training.
        learning_rate: of every candidate, at its peak.
        seeds: of every allocation's runs, ascending.
        scoring: what proxies look at.
        sparing: how training spares memory.
        beside: sites outside of the space that candidates may have as well, as baselines do.
        report_on: the rows that candidates are judged by.
    """

    ground: Ground
    title: str
    space: SearchSpace
    max_params: int
    recipe: Recipe
    learning_rate: float
    seeds: tuple[int, ...]
    scoring: ScoringSettings
    sparing: Sparing = field(default_factory=Sparing)
    beside: tuple[Site, ...] = ()
    report_on: ReportOn = "validation"

    @property
    def sites(self) -> tuple[Site, ...]:
        """All that a candidate may have."""
        return (*self.space.sites, *self.beside)

    @property
    def steps(self) -> int:
        """Optimizer steps of a candidate."""
        return self.recipe.steps(len(self.task.train))

    @property
    def model_title(self) -> str:
        """The model as a reader should know it."""
        return self.ground.inputs.title

    @property
    def base(self) -> str:
        """The model as an adapter names it, where its reader finds it."""
        return self.ground.inputs.base

    @property
    def source(self) -> ModelSource:
        return self.ground.inputs.source

    @property
    def task(self) -> Task:
        return self.ground.inputs.task

    @property
    def machine(self) -> Machine:
        return self.ground.machine

    @property
    def model(self) -> PreTrainedModel:
        """The frozen base model on the first device."""
        return self.ground.model

    @property
    def seed(self) -> int:
        """Of all that is drawn, and of the first run."""
        return self.seeds[0]

    @property
    def workload(self) -> Workload:
        return Workload(
            self.source,
            self.task,
            self.sites,
            self.recipe,
            report_on=self.report_on,
            sparing=self.sparing,
        )

    def ledger(self, folder: Path) -> Ledger:
        """What is known there of its candidates' training; made once, as the rows are read for it."""
        return Ledger(folder, self.workload.fingerprint)

    def candidates(
        self, allocation: Allocation, *, learning_rate: float | None = None, scaling: Rule | None = None
    ) -> list[Candidate]:
        """A run of the allocation for each seed; at the job's own rate and rule, unless others are given."""
        rate = self.learning_rate if learning_rate is None else learning_rate
        return [Candidate(allocation, seed, rate, scaling) for seed in self.seeds]
