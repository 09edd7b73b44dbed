"""Whether any run did better than a model that heeds no text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluators.metrics.chance import Chance
from spaces.direction import Direction, sign_of

from .candidate import Evaluation

__all__ = ["nothing_learned"]


def nothing_learned(
    runs: Sequence[Evaluation], metric: str, chance: Chance | None, *, direction: Direction = "maximize"
) -> str | None:
    """Why nothing was learned in any of these runs; None where something was, or every run failed.

    metric: its name, for the reason. chance: on the rows that the runs report on; None where those are not
    known. direction: of the metric. A loss at chance alone proves nothing, since a model that is often right
    may be too sure of itself: the metric must be at chance as well, as far as so many rows can tell
    (1 / sqrt(rows)).
    """
    done = [run for run in runs if run.metric is not None]
    metrics = np.array([run.metric for run in done], dtype=np.float64)
    losses = np.array([np.nan if run.loss is None else run.loss for run in done], dtype=np.float64)
    if not len(done):
        return None
    if chance is None:
        perfect = direction == "maximize" and metrics[0] >= 1
        same = len(done) > 2 and np.ptp(metrics) == 0 and not perfect
        return f"every run has the same {metric}, {metrics[0]:.4f}" if same else None
    sign = sign_of(direction)
    best, at_chance = sign * (sign * metrics).max(), sign * max(sign * value for value in chance.metrics)
    if len(done) > 1 and all(np.isclose(chance.metrics, value, rtol=0, atol=1e-9).any() for value in metrics):
        return f"every run has the {metric} of always giving one answer ({best:.4f} at best)"
    if losses.min() >= chance.loss and sign * metrics.mean() <= sign * at_chance + 1 / np.sqrt(chance.rows):
        return (
            f"no run's loss ({losses.min():.3f} at best) is below that of giving one answer "
            f"({chance.loss:.3f}), nor is {metric} ({metrics.mean():.4f} on average) clearly "
            f"{'above' if sign > 0 else 'below'} {at_chance:.4f}"
        )
    return None
