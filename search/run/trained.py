"""A search that fine-tunes its finalists."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from evaluators.adapters.adapter import save_adapter
from evaluators.executors.spread import base_model_on
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.cohort import score_trained
from proxies.site_scores import SiteScores
from search.cli.run_options import SearchOptions
from search.job.fine_tune import fine_tune
from search.job.inputs import load_inputs
from search.job.prepare import Search, announce, prepare
from search.job.scoring import score_space
from search.sampling.proposals import Answers, as_proposed
from spaces.allocation import Allocation

from .evaluator import Setting
from .finalist import Finalist
from .result import Conclusion
from .verdict import Judged

__all__ = ["TrainedEvaluator"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedEvaluator:
    """An ``Evaluator`` that loads the model and the task, and trains."""

    search: Search

    @classmethod
    def of(cls, options: SearchOptions) -> TrainedEvaluator:
        """Loads everything; raises UsageError or InputError on what cannot be used."""
        if options.threads:
            torch.set_num_threads(options.threads)
        return cls(prepare(options, load_inputs(options)))

    @property
    def setting(self) -> Setting:
        search, task = self.search, self.search.inputs.task
        rows = {"train": len(task.train), "validation": len(task.validation), "test": len(task.test)}
        return Setting(
            title=search.options.space,
            space=search.space,
            max_params=search.max_params,
            judged=Judged.of(task.objective, rows, task.validation.labels),
            seeds=tuple(search.options.all_seeds),
            positive_label=task.objective.metric_label,
            notes=task.notes,
        )

    def announce(self, output: Path) -> None:
        announce(self.search, output)

    def score(self) -> list[SiteScores]:
        return score_space(self.search)

    @property
    def answer(self) -> Answers:
        """The allocation itself: any can be trained."""
        return as_proposed

    def evaluate(self, allocations: Sequence[Allocation], output: Path) -> list[tuple[Trained, ...]]:
        """Fine-tunes all of them together, none twice."""
        seeds, rate = self.setting.seeds, self.search.learning_rate
        candidates = [Candidate(allocation, seed, rate) for allocation in allocations for seed in seeds]
        runs = iter(fine_tune(self.search, candidates, output / "candidates", keep_tensors=True))
        return [tuple(islice(runs, len(seeds))) for _ in allocations]

    def conclude(self, winner: Finalist, baseline: Finalist, output: Path) -> Conclusion:
        """The metric of both on the test rows; the winner's best run is saved as an adapter."""
        _log.info("testing  the winner and the uniform baseline, and saving what came of it")
        search, saved = self.search, winner.best_run
        assert saved is not None, "a winner has a run that finished"
        model = base_model_on(search.inputs.source, search.devices[0])
        task, sites, recipe = search.inputs.task, search.space.sites, search.recipe
        winner_test = score_trained(model, sites, task, winner.runs, recipe)
        baseline_test = (
            winner_test if winner is baseline else score_trained(model, sites, task, baseline.runs, recipe)
        )
        save_adapter(
            output / "adapter",
            saved,
            model=model,
            sites=sites,
            recipe=recipe,
            base=search.inputs.base,
            objective=task.objective,
            rows=task.validation,
        )
        return Conclusion(saved, winner_test, baseline_test)
