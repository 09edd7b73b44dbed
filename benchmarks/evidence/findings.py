"""What is known of an experiment so far: every cell's runs, and what its contrasts come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluators.training.candidate import Evaluation
from search.statistics.paired import PairedDifference, holm_corrected

from .cell import Cell, Contrast, Experiment, Run
from .conduct import SEEDS, tuned_by
from .laboratory import Laboratory, MissingRunError
from .tuning import Tuned

__all__ = ["Answer", "Observed", "answers", "observed"]


@dataclass(frozen=True, slots=True)
class Observed:
    """A cell that is tuned. runs: by seed, those that there are. params: of its allocation, by seed."""

    cell: Cell
    tuned: Tuned
    runs: Mapping[int, Evaluation]
    params: Mapping[int, int]

    @property
    def mean_params(self) -> float:
        """Over its seeds' allocations."""
        return float(np.mean(list(self.params.values())))

    def losses(self, seeds: Sequence[int]) -> list[float | None]:
        """On the reported rows; None where a run failed."""
        return [self.runs[seed].loss for seed in seeds]

    def errors(self, seeds: Sequence[int]) -> list[float | None]:
        """One less the metric, which is a share of the reported rows; None where a run failed."""
        return [None if own is None else 1 - own for own in self.metrics(seeds)]

    def metrics(self, seeds: Sequence[int]) -> list[float | None]:
        """On the reported rows; None where a run failed."""
        return [self.runs[seed].metric for seed in seeds]


@dataclass(frozen=True, slots=True)
class Answer:
    """A contrast over the seeds that both cells have. loss: negative where the cell is better; its p-value is
    corrected for all of the experiment's contrasts that are known. metric: the same of the metric, as it is.
    """

    contrast: Contrast
    loss: PairedDifference
    metric: PairedDifference


def observed(experiment: Experiment, laboratory: Laboratory) -> dict[Cell, Observed]:
    """All cells of which something is known; nothing is trained."""
    found = {}
    for cell in experiment.cells:
        try:
            tuned = tuned_by([cell], laboratory.known, laboratory)[cell]
        except MissingRunError:
            continue
        runs = {}
        for seed in range(SEEDS):
            try:
                (runs[seed],) = laboratory.known([Run(cell, tuned.knobs, seed)])
            except MissingRunError:
                continue
        if runs:
            params = {seed: laboratory.params(cell, seed) for seed in runs}
            found[cell] = Observed(cell, tuned, runs, params)
    return found


def answers(experiment: Experiment, cells: Mapping[Cell, Observed]) -> list[Answer]:
    """Those of an experiment's contrasts that have runs, Holm's correction over all of them together, by loss
    and by the metric."""
    asked, losses, metrics = [], [], []
    for contrast in experiment.contrasts:
        pair = cells.get(contrast.cell), cells.get(contrast.baseline)
        if pair[0] is None or pair[1] is None:
            continue
        seeds = sorted(pair[0].runs.keys() & pair[1].runs.keys())
        loss = PairedDifference.of(pair[0].losses(seeds), pair[1].losses(seeds))
        metric = PairedDifference.of(pair[0].metrics(seeds), pair[1].metrics(seeds))
        if loss is not None and metric is not None:
            asked.append(contrast)
            losses.append(loss)
            metrics.append(metric)
    corrected = holm_corrected(losses), holm_corrected(metrics)
    return [Answer(*three) for three in zip(asked, *corrected, strict=True)]
