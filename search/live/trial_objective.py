"""What trials of a live search can be compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from spaces.direction import Direction

from .live_trial import LiveTrial

__all__ = ["JUDGED", "OBJECTIVES", "TrialObjective"]


@dataclass(frozen=True, slots=True)
class TrialObjective:
    """One of those.

    of: its value of a trial that was judged, as of the last rung. direction: towards what it is better; None:
    as the task's metric is. title: as people know it; None: by the name of the task's metric. judged: whether
    it is known at every rung, so that trials can be stopped by it. whole: whether it is a whole number.
    """

    of: Callable[[LiveTrial], float]
    direction: Direction | None
    title: str | None
    judged: bool = False
    whole: bool = False

    def text(self, value: float) -> str:
        """A value of it, to be read.

        >>> OBJECTIVES["params"].text(1536.0), OBJECTIVES["loss"].text(0.25)
        ('1,536', '0.2500')
        """
        return f"{value:,.0f}" if self.whole else f"{value:.4f}"


def _seconds(trial: LiveTrial) -> float:
    """Of a whole training, where a part of it was done."""
    return trial.seconds * trial.reports[-1].of_steps / trial.step


OBJECTIVES: Final[Mapping[str, TrialObjective]] = {
    "loss": TrialObjective(lambda trial: trial.reports[-1].loss, "minimize", "loss", judged=True),
    "metric": TrialObjective(lambda trial: trial.reports[-1].metric, None, None, judged=True),
    "params": TrialObjective(lambda trial: float(trial.params), "minimize", "parameters", whole=True),
    "seconds": TrialObjective(_seconds, "minimize", "seconds"),
    "memory": TrialObjective(
        lambda trial: float(trial.peak_memory), "minimize", "bytes of memory", whole=True
    ),
}
JUDGED: Final = tuple(name for name, one in OBJECTIVES.items() if one.judged)
"""One of these comes first."""
