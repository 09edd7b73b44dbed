"""A live search over invented training, shown in studies; and what comes of it at the end, invented too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.training.candidate import Trained
from search.live.live_trial import LiveTrial
from search.live.settings import LiveSettings
from search.live.watcher import Concluded, LiveSearch, Watcher
from search.live.waves import LiveOutcome
from search.mirror.live_watcher import live_mirror
from search.mirror.study_place import StudyPlace
from search.show.sheet import Sheet
from search.show.table import Column, Table
from spaces.search_space import SearchSpace
from tests.search.live.invented import Training, invented

NAME = "invented, none, 384"
SETTINGS = LiveSettings(trials=8, at_once=5, lrs=(1e-3, 1e-2), scalings=("alpha/r", "constant"))


@dataclass
class Until:
    """A watcher that passes on what it is told, and is killed after so many calls."""

    watcher: Watcher
    calls: int

    def _count(self) -> None:
        self.calls -= 1
        if self.calls < 0:
            raise KeyboardInterrupt

    def began(self, search: LiveSearch) -> None:
        self.watcher.began(search)

    def asked(self, trials: Sequence[LiveTrial]) -> None:
        self._count()
        self.watcher.asked(trials)

    def judged(self, trials: Sequence[LiveTrial]) -> None:
        self._count()
        self.watcher.judged(trials)

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None]) -> None:
        self._count()
        self.watcher.ended(trials, trained)

    def concluded(self, result: Concluded) -> None:
        self.watcher.concluded(result)


@dataclass(frozen=True)
class Ended:
    """What is known at the end: one trial is the baseline, another the winner."""

    baseline: LiveTrial
    winner: LiveTrial

    @property
    def verdict(self) -> str:
        return "Yes: a|b beats *uniform* by 0.1"

    @property
    def sheet(self) -> Sheet:
        return Sheet(self.verdict, (Table("", (Column("proposed by", ("by",)),), ()), ("a note",)))

    def to_json(self) -> dict[str, object]:
        best = _record(self.winner, {"mean": 0.1, "low": 0.05, "high": 0.15})
        return {"baseline": _record(self.baseline, None), "finalists": [best], "best": best}


def _record(trial: LiveTrial, difference: dict[str, float] | None) -> dict[str, Any]:
    own = trial.configuration
    return {
        "trial": trial.number,
        "allocation": dict(own.allocation.ranks),
        "learning_rate": own.learning_rate,
        "scaling": own.scaling,
        "metrics": {"0": 0.9, "1": None},
        "difference": difference,
    }


def shown(
    place: StudyPlace,
    space: SearchSpace,
    settings: LiveSettings = SETTINGS,
    *,
    until: int = 10_000,
    conclude: bool = True,
    fails: frozenset[int] = frozenset(),
) -> LiveOutcome | None:
    """The outcome of a search that is shown; None where it is killed after so many calls of its watcher.

    fails: numbers of legs that fail; where no trial is trained to the end, the search is given up.
    """
    with live_mirror(place, space) as mirror:
        try:
            training, told = Training(fails=fails), Until(mirror, until)
            outcome = invented(space, settings, training=training, told=told, budget=384)
        except KeyboardInterrupt:
            return None
        if not any(one.state == "complete" for one in outcome.trials):
            mirror.given_up("everything failed")
        elif conclude:
            complete = [one for one in outcome.trials if one.state == "complete"]
            mirror.concluded(Ended(next(one for one in outcome.trials if one.baseline), complete[-1]))
        return outcome


def place_in(folder: Path, storage: str | None = None) -> StudyPlace:
    """Studies in a folder that is kept."""
    facts = {"model": "none", "task": "invented"}
    return StudyPlace(NAME, facts, storage, command="rankscape run").at(folder, "seed 0")
