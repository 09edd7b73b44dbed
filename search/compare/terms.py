"""What all arms of a comparison share."""

from __future__ import annotations

from dataclasses import dataclass

from search.job.ground import Ground
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.job.usual_rule import USUAL_RULE

from .settings import CompareSettings

__all__ = ["Terms", "terms_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The model and task, and the grid from which each arm takes what suits it best.

    Args:
        ground: model, task and machine.
        space: what an arm does not say itself.
        training: but the learning rate and the scaling, which are chosen.
        scoring: what methods that score sites look at, in batches of the training's size.
        scalings, learning_rates: the grid.
        tune_seeds: runs of each of its points.
    """

    ground: Ground
    space: SpaceSettings
    training: TrainingSettings
    scoring: ScoringSettings
    scalings: tuple[str, ...]
    learning_rates: tuple[float, ...]
    tune_seeds: int

    @property
    def looked_at(self) -> dict[str, object]:
        """``scoring`` as settings of methods."""
        return {"batches": self.scoring.scoring_batches, "scoring_memory": self.scoring.scoring_memory}


def terms_of(
    ground: Ground,
    settings: CompareSettings,
    space: SpaceSettings,
    training: TrainingSettings,
    scoring: ScoringSettings,
) -> Terms:
    """Of these settings; a grid that is not given is the one scaling, and the one learning rate.

    Without a scaling all arms have ``USUAL_RULE``, though the budget may buy fewer ranks than some have
    sites: a rule that differs by arm would be compared with them.

    Args:
        ground: model, task and machine.
        settings: the grid.
        space, training, scoring: of all arms.
    """
    scalings = settings.scalings or (space.scaling or USUAL_RULE,)
    rates = settings.lrs or (training.lr or ground.inputs.learning_rate,)
    return Terms(ground, space, training, scoring, scalings, rates, settings.tune_seeds)
