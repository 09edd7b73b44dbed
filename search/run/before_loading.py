"""What of a search cannot be, as far as its settings alone tell: refused within the first second."""

from __future__ import annotations

import math

from search.job.settings import DataSettings, SpaceSettings, TrainingSettings
from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from spaces.budget import parse_budget
from spaces.errors import UsageError

from .settings import SearchSettings

__all__ = ["check_before_loading", "check_together"]


def check_before_loading(
    settings: SearchSettings,
    live: LiveSettings,
    space: SpaceSettings,
    data: DataSettings,
    training: TrainingSettings,
) -> None:
    """Raises UsageError on a live search that cannot be, whatever the model is and the rows are."""
    if not live.trials:
        return
    check_together(settings, live)
    if live.budget_min is not None:
        _check_budgets(live.budget_min, space.budget)
    if data.most_train_rows is not None:
        batches = math.ceil(data.most_train_rows / training.batch_size)
        Ladder(max(1, round(training.epochs * batches)), live.halving, live.rungs)


def check_together(settings: SearchSettings, live: LiveSettings) -> None:
    """Raises UsageError where trials are asked for, and of somebody who trains none."""
    if live.trials and settings.evaluator != "train":
        raise UsageError(
            f"`trials={live.trials}` and `evaluator={settings.evaluator}` exclude each other: trials are "
            "trained; give one of them."
        )


def _check_budgets(least: str, most: str) -> None:
    """Raises UsageError where the lower is above the higher, if both are of one kind; else a model tells."""
    low, high = parse_budget(least, argument="budget_min"), parse_budget(most)
    if low.unit == high.unit and low.value > high.value:
        raise UsageError(f"`budget_min={least}` is above `budget={most}`; give less, or raise `budget`.")
