"""A wave of a live search trained by several drivers, each its share; none trains what another has."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg
from evaluators.training.state import State
from search.live.waves import TrainsLegs
from spaces.errors import InputError

from .shared_work import Piece, SharedWork

__all__ = ["SharedLegs"]

_DRIVER: Final = "driver "
_TRIAL: Final = "trial "
_WHAT: Final = "candidate"


class SharedLegs:
    """Trains the legs of a wave together with other drivers that have the same one: what ``Waves`` takes.

    Every driver runs the whole search, and comes to the same trials, since all go by the same results: those
    in the database, the first of each leg. A trial stays with the driver that claimed it, which holds its
    state; who has fewer than its share of a wave claims those that are nobody's. What another driver trained
    is given without weights and without the losses of single steps.

    A driver tells of its share of a wave once all of it is trained. To tell of each leg as it ends would
    bring nobody forward: the next wave waits for all, and who takes a trial over needs its state, which lies
    in the ledger, not what is told.

    Args:
        work: what is shared.
        train: trains some of them here.
        ledger: of this driver. folders: gives the folder of another driver's, by that driver's name; what was
            trained of a trial that is taken over is read there, where that can be; else it is trained from
            its start.
        total: steps of a whole training.
    """

    def __init__(
        self,
        work: SharedWork,
        train: TrainsLegs,
        ledger: Ledger,
        folders: Callable[[str], Path | None],
        total: int,
    ) -> None:
        self._work, self._train, self._ledger = work, train, ledger
        self._folders, self._total = folders, total
        self._numbers: dict[Candidate, int] = {}
        work.claim(_DRIVER + work.owner)

    def __call__(self, legs: Sequence[Leg], /) -> list[Trained]:
        self._work.claim(_DRIVER + self._work.owner)  # again, where it was taken for dead
        for leg in legs:
            self._numbers.setdefault(leg.candidate, len(self._numbers))
        given: dict[Leg, Trained] = {}
        while True:
            board = self._work.board()
            for leg in legs:
                if leg not in given and (told := self._told(board, leg)) is not None:
                    given[leg] = told
            missing = [leg for leg in legs if leg not in given]
            if not missing:
                return [given[leg] for leg in legs]
            if own := self._own(board, legs, missing):
                given |= self._trained_here(board, own)
            else:
                self._work.wait()

    def forget(self, candidate: Candidate) -> None:
        """A candidate goes on no more."""
        self._work.end(self._key(candidate))
        self._ledger.forget_state(candidate)

    def _key(self, candidate: Candidate) -> str:
        return f"{_TRIAL}{self._numbers[candidate]}"

    def _own(self, board: dict[str, Piece], legs: Sequence[Leg], missing: Sequence[Leg]) -> list[Leg]:
        """Those that are left to be trained here: this driver's, and as many of nobody's as its share has."""
        me = self._work.owner
        owners = [one.owner if (one := board.get(self._key(leg.candidate))) else None for leg in legs]
        drivers = sum(
            one.owner is not None and not one.ended for key, one in board.items() if key.startswith(_DRIVER)
        )
        room = math.ceil(len(legs) / max(1, drivers)) - owners.count(me)
        own: list[Leg] = []
        for leg, owner in zip(legs, owners, strict=True):
            if leg not in missing or owner not in (None, me) or (owner is None and room <= 0):
                continue
            key = self._key(leg.candidate)
            if owner == me and self._work.holds(key):  # a claim reads all there is
                own.append(leg)
            elif self._work.claim(key):
                self._work.tell(key, _WHAT, _digest(leg.candidate))
                own.append(leg)
                room -= owner is None
        return own

    def _trained_here(self, board: dict[str, Piece], own: Sequence[Leg]) -> dict[Leg, Trained]:
        """What came of legs of this driver; of one that it lost meanwhile, what the other tells counts."""
        trained = self._train([self._ready(leg, board.get(self._key(leg.candidate))) for leg in own])
        return {
            leg: one
            for leg, one in zip(own, trained, strict=True)
            if self._work.tell(self._key(leg.candidate), self._name(leg), _told_of(one))
        }

    def _ready(self, leg: Leg, piece: Piece | None) -> Leg:
        """The leg with the state from which it begins; what those who died had of it is copied."""
        before = None if leg.begun is None else Leg(leg.candidate, leg.begun.step, judged=False)
        for folder in map(self._folders, () if piece is None else piece.former):
            for one in (before, leg):
                if folder is not None and one is not None:
                    self._ledger.adopt(one, Ledger(folder, self._ledger.context))
        if leg.begun is None or leg.begun.tensors or before is None:
            return leg
        found = self._ledger.find(before)
        return replace(leg, begun=None if found is None else found.state)

    def _name(self, leg: Leg) -> str:
        return f"step {leg.ends_at(self._total)}"

    def _told(self, board: dict[str, Piece], leg: Leg) -> Trained | None:
        """What the database has of a leg; raises InputError where another driver has another candidate."""
        piece = board.get(self._key(leg.candidate))
        if piece is None:
            return None
        if piece.told.get(_WHAT, _digest(leg.candidate)) != _digest(leg.candidate):
            raise InputError(
                f"this machine comes to another {self._key(leg.candidate)} than the driver "
                f"{piece.owner or piece.former[0]}, so that they cannot share a search; use machines of one "
                "kind with the same packages."
            )
        told = piece.told.get(self._name(leg))
        return None if told is None else _trained(leg, told)


def _digest(candidate: Candidate) -> str:
    one = candidate
    own = [one.allocation.ranks, one.seed, one.learning_rate, one.scaling]
    return sha256(json.dumps(own).encode()).hexdigest()[:32]


def _told_of(trained: Trained) -> str:
    one = trained.evaluation
    known = {
        "metric": one.metric,
        "loss": one.loss,
        "failure": one.failure,
        "steps": len(one.curve),
        "seconds": one.seconds,
        "peak_memory": one.peak_memory,
        "beside": one.beside,
    }
    return json.dumps(known)


def _trained(leg: Leg, text: str) -> Trained:
    """What ``_told_of`` wrote; a state without tensors stands for that which lies elsewhere."""
    told = json.loads(text)
    curve = (math.nan,) * told["steps"]
    seconds, peak = told["seconds"], told["peak_memory"]
    beside = tuple((name, value) for name, value in told["beside"])
    known = Evaluation(
        leg.candidate, told["metric"], told["loss"], told["failure"], curve, seconds, peak, beside
    )
    paused = leg.until is not None and told["failure"] is None
    return Trained(known, {}, state=State({}, {}, {}, curve, seconds, peak) if paused else None)
