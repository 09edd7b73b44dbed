"""A search that fine-tunes its finalists."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from evaluators.adapters.adapter import save_adapter
from evaluators.adapters.story import Story
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.cohort import score_trained
from proxies.site_scores import SiteScores
from search.job.findings import known_at
from search.job.fine_tune import fine_tune
from search.job.job import Job
from search.job.prepare import announce
from search.job.progress import Progress
from search.job.scoring import score_space
from search.job.texts import Writers, write_texts
from search.sampling.proposals import Proposal, StandsFor, as_proposed
from spaces.head import Head

from .finalist import Finalist
from .problem import Problem
from .record import THE_WINNER
from .result import Conclusion
from .training_record import TrainingRecord, alphas_of
from .verdict import Judged

__all__ = ["TrainedOracle"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedOracle:
    """An ``Oracle`` that trains the finalists of a job. rates, scalings: that they may have, where they are
    not the job's own alone."""

    job: Job
    rates: tuple[float, ...] = ()
    scalings: tuple[str, ...] = ()

    @property
    def problem(self) -> Problem:
        job, task = self.job, self.job.task
        rows = {"train": len(task.train), "validation": len(task.validation), "test": len(task.test)}
        return Problem(
            title=job.title,
            space=job.space,
            max_params=job.max_params,
            judged=Judged.of(task.objective, rows, task.validation.labels),
            seeds=job.seeds,
            positive_label=task.objective.metric_label,
            notes=task.notes,
            task=task.name,
            beside=job.beside,
            training=self._training(),
        )

    def announce(self, folder: Path) -> None:
        announce(self.job, folder, rates=self.rates, scalings=self.scalings)
        _log.info("known    %s", known_at(self.job.max_params / self.job.space.params_per_rank))

    def score(self, proxies: Sequence[str] | None, progress: Progress) -> list[SiteScores]:
        return score_space(self.job, proxies, progress=progress)

    @property
    def stands_for(self) -> StandsFor:
        """The allocation itself: any can be trained."""
        return as_proposed

    def runs(
        self, proposals: Sequence[Proposal], folder: Path, progress: Progress
    ) -> list[tuple[Trained, ...]]:
        """All fine-tuned together, none twice: what has finished in the folder is read."""
        candidates = [run for one in proposals for run in self._named(one)]
        runs = iter(fine_tune(self.job, candidates, folder, keep_tensors=True, progress=progress))
        return [tuple(islice(runs, len(self.job.seeds))) for _ in proposals]

    def conclude(self, winner: Finalist, baseline: Finalist, folder: Path, progress: Progress) -> Conclusion:
        """How both are judged on the test rows, and what they write."""
        job = self.job
        task, sites, recipe = job.task, job.sites, job.recipe
        base = str(baseline.proposal.proposers[0])  # as ``SearchRecord.base`` calls it
        asked = {base: baseline} if winner is baseline else {THE_WINNER: winner, base: baseline}
        tested = {
            name: score_trained(job.model, sites, task, one.runs, recipe) for name, one in asked.items()
        }
        writers = [Writers(name, job.workload, one.runs) for name, one in asked.items()]
        written = write_texts(writers, job.ground, folder, progress=progress)
        return Conclusion(tested.get(THE_WINNER, tested[base]), tested[base], written)

    def save(self, run: Trained, folder: Path, story: Story) -> None:
        job = self.job
        save_adapter(
            folder,
            run,
            model=job.model,
            sites=job.sites,
            recipe=job.recipe,
            base=job.base,
            objective=job.task.objective,
            rows=job.task.validation,
            story=story,
        )

    def _named(self, proposal: Proposal) -> list[Candidate]:
        """Its candidates, which the machine's log then knows by who proposed it."""
        candidates = self._candidates(proposal)
        for candidate in candidates:
            self.job.machine.log.named(candidate, str(proposal.proposer))
        return candidates

    def _candidates(self, proposal: Proposal) -> list[Candidate]:
        chosen = proposal.configuration
        if chosen is None:
            return self.job.candidates(proposal.allocation)
        return self.job.candidates(
            chosen.allocation, learning_rate=chosen.learning_rate, scaling=chosen.scaling
        )

    def _training(self) -> TrainingRecord:
        job, recipe, scaling = self.job, self.job.recipe, self.job.recipe.scaling
        lora_alpha, shortcut_alpha = alphas_of(scaling, job.sites)
        head = Head.shapes(job.task.objective.head(job.model))
        return TrainingRecord(
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            learning_rate=_only(self.rates, job.learning_rate),
            weight_decay=recipe.weight_decay,
            warmup=recipe.warmup,
            max_grad_norm=recipe.max_grad_norm,
            scaling=_only(self.scalings, scaling.rule),
            lora_alpha=lora_alpha,
            shortcut_alpha=shortcut_alpha,
            reference_rank=scaling.reference_rank,
            renorm=None if shortcut_alpha is None else recipe.renorm,
            head_params=sum(map(math.prod, head.values())),
        )


def _only(several: Sequence[_T], own: _T) -> _T | None:
    """What all runs have of what they may have, or have of the job; None where they differ in it."""
    if len(several) > 1:
        return None
    return several[0] if several else own
