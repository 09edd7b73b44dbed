"""Who looks on while a search goes on: a mirror of it in a database, a progress line, a log of losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evaluators.training.candidate import Candidate, Trained
from search.show.sheet import Sheet
from spaces.direction import Direction
from spaces.search_space import SearchSpace

from .ladder import Ladder
from .live_trial import LiveTrial
from .settings import LiveSettings
from .trial_objective import OBJECTIVES

__all__ = ["Concluded", "KeepsStudy", "LiveSearch", "Watcher"]


@dataclass(frozen=True, slots=True, eq=False)
class LiveSearch:
    """What is settled before the first trial is asked for.

    Args:
        model, task, title: as people know the model, the data and the space.
        budget: as it was typed.
        space: the sites and the ranks to choose from.
        max_params: the budget, in parameters.
        metric: of the task, and whose it is. direction: in which it is better.
        settings: of the search; ``lrs``, ``scalings`` and ``at_once`` are given in full.
        ladder: when trials are judged.
        seed: of the trials' weights and data order. seeds: of the finalists', none of which is that.
        command: the line that asked for it.
    """

    model: str
    task: str
    title: str
    budget: str
    space: SearchSpace = field(repr=False)
    max_params: int
    metric: str
    direction: Direction
    settings: LiveSettings
    ladder: Ladder
    seed: int
    seeds: tuple[int, ...]
    command: str | None = None

    @property
    def rungs(self) -> tuple[int, ...]:
        """Optimizer steps at which trials are judged, the last being the end of training."""
        return self.ladder.rungs_at

    @property
    def at_once(self) -> int:
        """Trials that live at a time, at most."""
        assert self.settings.at_once is not None, "a live search has all its settings"
        return self.settings.at_once

    def candidate(self, trial: LiveTrial) -> Candidate:
        """What is trained, with the seed that all trials have."""
        own = trial.configuration
        return Candidate(own.allocation, self.seed, own.learning_rate, own.scaling)

    @property
    def objectives(self) -> tuple[tuple[str, Direction], ...]:
        """What trials are compared by, the first one at every rung: (name, towards what it is better)."""
        return tuple(
            (name, OBJECTIVES[name].direction or self.direction) for name in self.settings.objectives
        )

    @property
    def objective_titles(self) -> tuple[str, ...]:
        """The same as people know them: the metric by its name, what is counted by what it counts."""
        return tuple(OBJECTIVES[name].title or self.metric for name in self.settings.objectives)


class Concluded(Protocol):
    """The result of a whole search, the finalists among it, as far as it is of use to those who look on."""

    @property
    def verdict(self) -> str: ...
    @property
    def sheet(self) -> Sheet: ...
    def to_json(self) -> dict[str, object]: ...


class Watcher(Protocol):
    """Is told what happens, and decides nothing. A search has any number of them.

    A search that goes on after an interruption tells all of it again from its beginning, the same in the same
    order; what was trained before then passes quickly.
    """

    def began(self, search: LiveSearch, /) -> None:
        """Before the first trial."""

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        """New trials, which begin to be trained together; in order."""

    def judged(self, trials: Sequence[LiveTrial], /) -> None:
        """Trials that have just come to a rung, each with its new report last; running, whatever becomes of
        them."""

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None:
        """Trials that are over, and how they were when they ended; the weights are there where they were
        trained to the end, and kept."""

    def concluded(self, result: Concluded, /) -> None:
        """All is over, finalists too."""


class KeepsStudy(Watcher, Protocol):
    """A watcher that keeps the study of a search."""

    def given_up(self, reason: str) -> Path | None:
        """Tells of a search that ended without a result, and why; its page, where one is kept."""
