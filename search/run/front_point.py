"""A point of a front, to be saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from evaluators.adapters.story import Story
from evaluators.training.candidate import Trained
from search.live.live_trial import LiveTrial

__all__ = ["FrontPoint"]


@dataclass(frozen=True, slots=True, eq=False)
class FrontPoint:
    """A trial than which none is better in all objectives, as it was trained, with one seed."""

    trial: LiveTrial
    run: Trained = field(repr=False)
    keep: Callable[[Trained, Path, Story], None] = field(repr=False)
    story: Callable[[LiveTrial, str | None], Story] = field(repr=False)

    def save(self, folder: str | Path, *, command: str | None = None) -> None:
        """Writes it as an adapter with a model card; an older adapter in the folder is replaced.

        command: the line that did it, for the card.
        """
        self.keep(self.run, Path(folder), self.story(self.trial, command))
