"""What several drivers of one search have divided among them: who has what, and what came of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar
from uuid import uuid4

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.sampling.quiet_optuna import quiet_optuna
from search.storage.lost_storage import one_line_where_lost
from search.storage.meeting_place import check_meeting_place
from search.storage.opened_storage import opened_storage
from search.storage.patience import AWAY, patiently

from .heartbeat import GRACE, beat_every
from .long_text import attributes_of, texts_in

__all__ = ["Piece", "SharedWork", "agreed_before", "shared_work"]

_KEY, _OWNER, _TOKEN = "what", "driver", "claim"
_AGREED: Final = "agreed"
_HEARTBEAT: Final = "heartbeat"
_MOMENT_S: Final = 1.0
_HELD: Final = (TrialState.RUNNING, TrialState.COMPLETE)
_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of the work.

    owner: whose it is; None where nobody has it (any more). ended: whether it is done. former: who had it
    before and died, the last one first. told: what all of them told of it, by name.
    """

    owner: str | None
    ended: bool
    former: tuple[str, ...]
    told: Mapping[str, str]


class SharedWork:
    """Pieces of work in a database, each of which one driver has at a time. What ``shared_work`` gives.

    A piece is claimed by adding a trial of that name to a study: their numbers are given one by one, so that
    of those that claim the same, the smallest number has it. Whoever has one says time and again that it is
    alive; if it does not, the trial is failed, and others may claim the piece. What was told of it stays.
    """

    def __init__(self, storage: RDBStorage, study: optuna.Study, owner: str, heartbeat: int) -> None:
        self.owner, self.heartbeat = owner, heartbeat
        self._storage, self._study = storage, study  # which reads what has ended once
        self._mine: dict[str, int] = {}  # ids of trials by what they claim
        self._greeted: set[int] = set()
        self._over = threading.Event()
        self._see_nothing_yet()
        self._beats = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def begin(self) -> None:
        """From now on it is shown that this driver is alive, as often as all drivers show it."""
        own, self.heartbeat = self.heartbeat, int(self.agreed(_HEARTBEAT, str(self.heartbeat)))
        if own != self.heartbeat:
            _log.info("shared   drivers show every %d s that they are alive, not %d", self.heartbeat, own)
            beat_every(self._storage, self.heartbeat)
            self._see_nothing_yet()
        self._beats.start()

    def fall_silent(self) -> None:
        """Shows no more that this driver is alive."""
        self._over.set()
        self._beats.join(self.heartbeat)  # it may be waiting for a server

    def close(self) -> None:
        """Lets go of what is not ended, so that nobody waits for it."""
        self.fall_silent()
        with suppress(*AWAY):  # others will see that nobody is there
            for trial_id in tuple(self._mine.values()):
                self._fail(trial_id)

    def agreed(self, on: str, own: str) -> str:
        """What all drivers go by: what the first one that came to it says, this or another."""
        claim = _claim(on, self.owner, {_AGREED: own}, TrialState.COMPLETE)
        if not self._all_of(on):
            self._patiently(lambda: self._add(claim))
        return texts_in(self._all_of(on)[0].user_attrs)[_AGREED]

    def board(self) -> dict[str, Piece]:
        """All pieces that anybody has ever claimed. Those of the dead are nobody's from now on."""
        self._patiently(self._fail_stale)
        by_key: dict[str, list[FrozenTrial]] = {}
        for trial in self._trials():
            if trial.state == TrialState.RUNNING and trial.number not in self._greeted:
                self._greeted.add(trial.number)  # it may have died before it could say anything
                self._greet(trial._trial_id)
            by_key.setdefault(trial.user_attrs[_KEY], []).append(trial)
        return {key: _piece(trials) for key, trials in by_key.items()}

    def claim(self, key: str) -> bool:
        """Whether a piece is this driver's, now or already."""
        held = [one for one in self._all_of(key) if one.state in _HELD]
        if not held:
            claim = _claim(key, self.owner, {}, TrialState.RUNNING)
            self._patiently(lambda: self._add(claim))
            held = [one for one in self._all_of(key) if one.state in _HELD]
            for lost in held[1:]:
                if lost.user_attrs[_TOKEN] == claim.user_attrs[_TOKEN]:
                    self._patiently(partial(self._fail, lost._trial_id))
        if not held or held[0].user_attrs[_OWNER] != self.owner:
            self._mine.pop(key, None)
            return False
        if held[0].state == TrialState.RUNNING:
            trial_id = self._mine[key] = held[0]._trial_id
            self._greet(trial_id)
        return True

    def holds(self, key: str) -> bool:
        """Whether a piece is this driver's as far as it knows without asking; ``tell`` finds out."""
        return key in self._mine

    def tell(self, key: str, name: str, text: str) -> bool:
        """Writes something of a piece that this driver has claimed; False where it has lost it meanwhile."""
        trial_id = self._mine.get(key)
        if trial_id is None:
            return False
        try:
            for attribute, value in attributes_of(name, text).items():
                self._patiently(partial(self._storage.set_trial_user_attr, trial_id, attribute, value))
        except UpdateFinishedTrialError:
            self._mine.pop(key)
            return False
        return True

    def end(self, key: str) -> None:
        """A piece that this driver has is done."""
        if key in self._mine:
            trial_id = self._mine.pop(key)
            with suppress(UpdateFinishedTrialError):  # somebody took this driver for dead
                self._patiently(
                    lambda: self._storage.set_trial_state_values(trial_id, TrialState.COMPLETE, (0.0,))
                )

    def wait(self) -> None:
        """A moment, until there may be news."""
        time.sleep(min(_MOMENT_S, self.heartbeat / 10))

    def _patiently(self, call: Callable[[], _Answer]) -> _Answer:
        return patiently(call, within_s=2 * GRACE * self.heartbeat)

    def _trials(self) -> list[FrozenTrial]:
        return self._patiently(lambda: self._study.get_trials(deepcopy=False))

    def _all_of(self, key: str) -> list[FrozenTrial]:
        """By ascending number."""
        return [one for one in self._trials() if one.user_attrs[_KEY] == key]

    def _greet(self, trial_id: int) -> None:
        """A trial without any heartbeat would never be taken for dead."""
        self._patiently(lambda: self._storage.record_heartbeat(trial_id))

    def _add(self, claim: FrozenTrial) -> None:
        """Adds a claim, unless that was done before, and its answer was lost."""
        trials = self._study.get_trials(deepcopy=False)
        if all(one.user_attrs[_TOKEN] != claim.user_attrs[_TOKEN] for one in trials):
            self._study.add_trial(claim)

    def _fail(self, trial_id: int) -> None:
        with suppress(UpdateFinishedTrialError):  # somebody was faster
            self._storage.set_trial_state_values(trial_id, TrialState.FAIL)

    def _see_nothing_yet(self) -> None:
        """Where a database was away, or all slept, others need a moment to show that they are alive."""
        self._blind_until = time.monotonic() + 2 * self.heartbeat

    def _fail_stale(self) -> None:
        if time.monotonic() < self._blind_until:
            return
        stale = self._storage._get_stale_trial_ids(self._study._study_id)
        if own := set(stale).intersection(self._mine.values()):  # it was stopped itself, and maybe all were
            self._see_nothing_yet()
            for trial_id in own:
                self._storage.record_heartbeat(trial_id)
            return
        for trial_id in stale:
            self._fail(trial_id)
        trials = self._study.get_trials(deepcopy=False) if stale else []
        for owner in sorted({one.user_attrs[_OWNER] for one in trials if one._trial_id in stale}):
            _log.info("shared   the driver %s is silent; others go on with what it had", owner)

    def _beat(self) -> None:
        pause, before = float(self.heartbeat), time.monotonic()
        while not self._over.wait(pause):
            if time.monotonic() - before > 2 * self.heartbeat:  # it was stopped
                self._see_nothing_yet()
            before = time.monotonic()
            try:
                for trial_id in tuple(self._mine.values()):
                    self._storage.record_heartbeat(trial_id)
                pause = self.heartbeat
            except AWAY:
                pause = min(_MOMENT_S, self.heartbeat)
                self._see_nothing_yet()


@contextmanager
def shared_work(address: str, name: str, owner: str, heartbeat: int) -> Iterator[SharedWork]:
    """The work of a search in a database, begun or joined.

    Args:
        address: of the database.
        name: of the study that gets it.
        owner: what this driver is called; another start of it has the same name, and goes on with its pieces.
        heartbeat: seconds in which it shows that it is alive; where others have begun, theirs are taken, as
            all must know for how long a silence means nothing.

    Raises UsageError where nobody can meet in that storage.
    """
    check_meeting_place(address)
    with ExitStack() as stack:
        stack.enter_context(one_line_where_lost(address))
        storage = patiently(
            lambda: stack.enter_context(opened_storage(address)), within_s=2 * GRACE * heartbeat
        )
        assert isinstance(storage, RDBStorage), "a meeting place is a database"
        beat_every(storage, heartbeat)
        study = patiently(lambda: _study(storage, name), within_s=2 * GRACE * heartbeat)
        work = SharedWork(storage, study, owner, heartbeat)
        work.begin()
        stack.callback(work.close)
        yield work


def agreed_before(storage: BaseStorage, name: str, on: str) -> str | None:
    """What drivers of a search have agreed on; None where none has begun. Nothing is written.

    storage, name: of the study of their work. on: as of ``SharedWork.agreed``.
    """
    try:
        trials = storage.get_all_trials(storage.get_study_id_from_name(name), deepcopy=False)
    except KeyError:
        return None
    return next((texts_in(one.user_attrs)[_AGREED] for one in trials if one.user_attrs.get(_KEY) == on), None)


def _study(storage: RDBStorage, name: str) -> optuna.Study:
    with quiet_optuna():
        return optuna.create_study(storage=storage, study_name=name, load_if_exists=True)


def _claim(key: str, owner: str, told: Mapping[str, str], state: TrialState) -> FrozenTrial:
    own: dict[str, object] = {_KEY: key, _OWNER: owner, _TOKEN: uuid4().hex}
    for name, text in told.items():
        own |= attributes_of(name, text)
    return create_trial(state=state, value=0.0 if state == TrialState.COMPLETE else None, user_attrs=own)


def _piece(trials: list[FrozenTrial]) -> Piece:
    """Of all claims of one piece, by ascending number."""
    held = next((one for one in trials if one.state in _HELD), None)
    former = [one.user_attrs[_OWNER] for one in reversed(trials) if one is not held]
    told: dict[str, str] = {}
    for one in trials:  # of what was told twice, the first is true
        told = {**texts_in(one.user_attrs), **told}
    owner = None if held is None else held.user_attrs[_OWNER]
    ended = held is not None and held.state == TrialState.COMPLETE
    return Piece(owner, ended, tuple(dict.fromkeys(former)), told)
