"""Who works on a live search: this process alone, or others beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Trained
from evaluators.training.leg import Leg
from proxies.site_scores import SiteScores
from search.job.run_names import CANDIDATES
from search.live.at_once import settled_at_once
from search.live.watcher import KeepsStudy

from .kept_scores import settled_scores
from .record import SearchRecord
from .result import Result

__all__ = ["Alone", "Company", "TrainsTrials"]


class TrainsTrials(Protocol):
    """Trains the legs of a wave, in order."""

    def __call__(self, legs: Sequence[Leg], /) -> list[Trained]: ...
    def forget(self, candidate: Candidate, /) -> None:
        """It goes on no more."""


class Company(Protocol):
    """What those who work on a search have agreed on, and what of it is this process's to do."""

    def ended(self) -> SearchRecord | None:
        """What the search came to, where it was over before this process began."""

    def at_once(self, wanted: int, /) -> int:
        """Trials that live at a time, in all of them together."""

    def scores(self, own: Sequence[SiteScores], /) -> Sequence[SiteScores]:
        """Those that all go by."""

    def shown(
        self, mirror: Callable[[], AbstractContextManager[KeepsStudy]], /
    ) -> AbstractContextManager[KeepsStudy]:
        """Who keeps the study of the trials."""

    def training(self, own: TrainsTrials, ledger: Ledger, total: int, /) -> TrainsTrials:
        """Who trains, this process's part of it being ``own``. total: steps of a whole training."""

    def awaited(self, ledger: Ledger, /) -> SearchRecord | None:
        """What the search came to, once another has trained the finalists; None where that is left to this
        process. ledger: gets what others had trained of them. Raises AllFailedError where all of them failed
        with another."""

    def followed(self) -> SearchRecord | None:
        """What another came to, once it has trained the finalists, where this process had them and was taken
        for dead; None where they are this process's still, or again, as where all failed with the other."""

    def conclude(self, result: Result, /) -> Result | SearchRecord:
        """What the search came to, now that all is over: this, which lies with this process, or what another
        came to, as of ``followed``."""

    def give_up(self, reason: str, /) -> None:
        """All is over without a result, for everybody: everything that was trained here failed."""


@dataclass(frozen=True, slots=True)
class Alone:
    """One process has all of it. folder: the run's, in which other starts of it go on."""

    folder: Path

    def ended(self) -> None:
        return None

    def at_once(self, wanted: int, /) -> int:
        return settled_at_once(self.folder / CANDIDATES, wanted)

    def scores(self, own: Sequence[SiteScores], /) -> Sequence[SiteScores]:
        return settled_scores(self.folder, own)

    def shown(
        self, mirror: Callable[[], AbstractContextManager[KeepsStudy]], /
    ) -> AbstractContextManager[KeepsStudy]:
        return mirror()

    def training(self, own: TrainsTrials, ledger: Ledger, total: int, /) -> TrainsTrials:
        return own

    def awaited(self, ledger: Ledger, /) -> None:
        return None

    def followed(self) -> None:
        return None

    def conclude(self, result: Result, /) -> Result:
        return result

    def give_up(self, reason: str, /) -> None:
        return None
