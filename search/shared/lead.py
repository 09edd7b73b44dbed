"""Which of several drivers keeps the study of their search, and trains the finalists: one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from evaluators.training.candidate import Trained
from search.live.live_trial import LiveTrial
from search.live.watcher import Concluded, KeepsStudy, LiveSearch, Watcher
from search.storage.patience import AWAY, patiently

from .heartbeat import GRACE
from .shared_work import SharedWork

__all__ = [
    "LeadFailure",
    "LeadResult",
    "LedWatcher",
    "awaited_result",
    "conclude",
    "failures_told",
    "former_leads",
    "result_elsewhere",
    "tell_failure",
]

_LEAD: Final = "lead"
_RESULT: Final = "result"
_FAILURE: Final = "failure "


@dataclass(frozen=True, slots=True)
class LeadResult:
    """What came of a search. by: the driver that has it. told: what that told of it."""

    by: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeadFailure:
    """That a search came to nothing, since all of its finalists failed. by: the driver that had them."""

    by: str
    reason: str


class LedWatcher:
    """A ``Watcher`` that tells another, as long as this driver leads.

    One that comes to lead tells all of it from its beginning, so that whoever leads next completes what is
    not there. So does one whose database was away.
    """

    def __init__(self, work: SharedWork, opened: Callable[[], AbstractContextManager[KeepsStudy]]) -> None:
        """opened: gives the other, which is told again of what it knows."""
        self._work, self._opened = work, opened
        self._calls: list[Callable[[Watcher], None]] = []
        self._inner: KeepsStudy | None = None
        self._stack = ExitStack()

    def began(self, search: LiveSearch, /) -> None:
        self._tell(lambda inner: inner.began(search))

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        self._tell(lambda inner: inner.asked(trials))

    def judged(self, trials: Sequence[LiveTrial], /) -> None:
        self._tell(lambda inner: inner.judged(trials))

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None:
        self._tell(lambda inner: inner.ended(trials, [None] * len(trials)))

    def concluded(self, result: Concluded, /) -> None:
        self._tell(lambda inner: inner.concluded(result))

    def given_up(self, reason: str) -> Path | None:
        return None if self._inner is None else self._inner.given_up(reason)

    def close(self) -> None:
        """Lets go of the other."""
        self._inner = None
        self._stack.close()

    def _tell(self, call: Callable[[Watcher], None]) -> None:
        self._calls.append(call)
        if self._work.claim(_LEAD):
            patiently(lambda: self._told(call), within_s=2 * GRACE * self._work.heartbeat)
        else:
            self.close()

    def _told(self, call: Callable[[Watcher], None]) -> None:
        try:
            if self._inner is not None:
                return call(self._inner)
            self._inner = inner = self._stack.enter_context(self._opened())
            for one in self._calls:
                one(inner)
        except AWAY:
            self.close()
            raise


def result_elsewhere(work: SharedWork) -> LeadResult | None:
    """The result of the search, where another driver has told it; None where none has, as far as is known.

    One that this driver told before it was killed is none: it may not have written all of it.
    """
    told = _result(work)
    return None if told is None or told.by == work.owner else told


def awaited_result(work: SharedWork, past: Collection[str] = ()) -> LeadResult | LeadFailure | None:
    """The same once it is there, or that there will be none; None as soon as this driver leads, and the
    finalists are its to train. past: failures that do not count, as ``failures_told`` gave them."""
    while True:
        leads = work.claim(_LEAD)  # first: who had it before has told all by then
        if (told := result_elsewhere(work)) is not None:
            return told
        if (failure := _failure(work, past)) is not None:
            return failure
        if leads:
            return None
        work.wait()


def former_leads(work: SharedWork) -> tuple[str, ...]:
    """The drivers that led and died, the last one first: they may have trained finalists."""
    piece = work.board().get(_LEAD)
    return () if piece is None else piece.former


def conclude(work: SharedWork, result: Mapping[str, object]) -> bool:
    """Tells the others the result, which lies with this driver; False where it leads no more, and another has
    the finalists or the result. Where this driver told it before it was killed, all know."""
    told = work.tell(_LEAD, _RESULT, json.dumps({"by": work.owner, "told": result}))
    work.end(_LEAD)
    return told or ((known := _result(work)) is not None and known.by == work.owner)


def tell_failure(work: SharedWork, reason: str) -> None:
    """Tells the others that there will be no result, and why. Another start of a driver tries again."""
    work.tell(_LEAD, f"{_FAILURE}{uuid4().hex}", json.dumps({"by": work.owner, "reason": reason}))


def failures_told(work: SharedWork) -> frozenset[str]:
    """Those that were told so far, by what is known of them alone."""
    piece = work.board().get(_LEAD)
    return frozenset() if piece is None else frozenset(name for name in piece.told if _is_failure(name))


def _result(work: SharedWork) -> LeadResult | None:
    piece = work.board().get(_LEAD)
    if piece is None or _RESULT not in piece.told:
        return None
    return LeadResult(**json.loads(piece.told[_RESULT]))


def _failure(work: SharedWork, past: Collection[str]) -> LeadFailure | None:
    piece = work.board().get(_LEAD)
    told = {} if piece is None else piece.told
    new = next((text for name, text in told.items() if _is_failure(name) and name not in past), None)
    return None if new is None else LeadFailure(**json.loads(new))


def _is_failure(name: str) -> bool:
    return name.startswith(_FAILURE)
