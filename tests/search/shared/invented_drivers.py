"""A driver of a live search that is shared, whose training is invented, in a process that can be killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from evaluators.store.ledger import Ledger
from evaluators.training.candidate import Trained
from evaluators.training.leg import Leg
from search.live.settings import LiveSettings
from search.live.waves import LiveOutcome
from search.mirror.live_watcher import live_mirror
from search.mirror.study_place import StudyPlace
from search.shared.driver import candidates_of, driver_of
from search.shared.lead import LedWatcher, awaited_result, conclude
from search.shared.shared_legs import SharedLegs
from search.shared.shared_work import shared_work
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap
from tests.search.live.invented import STEPS, invented, trained_to
from tests.search.mirror.shown_search import Ended

NAME = "invented"
SETTINGS = LiveSettings(trials=12, at_once=6, lrs=(1e-3, 1e-2), scalings=("alpha/r", "constant"))
BUDGET = 384
_LOG, _FINALS = "trained", "finals"
_DIES_AFTER = {"first wave": 5, "second wave": 9}  # legs


def small_space() -> SearchSpace:
    """Six sites."""
    ends = Tap("q", "in"), Tap("q", "out")
    return SearchSpace(
        tuple(Site(f"layers.{i}.q", i, "q", "lora", 16, 16, *ends) for i in range(6)), (0, 1, 2, 4, 8)
    )


@dataclass(frozen=True)
class SlowTraining:
    """Trains by invention, a leg at a time; its states are tensors that hold the number of their steps.

    folder: gets a line for every leg once it is trained, and the ledger. pause_s: of a leg. dies_after: so
    many legs; 0: never.
    """

    folder: Path
    pause_s: float
    dies_after: int = 0

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.folder / "candidates", "invented")

    def __call__(self, legs: Sequence[Leg]) -> list[Trained]:
        return [self._trained(leg) for leg in legs]

    def _trained(self, leg: Leg) -> Trained:
        if leg.begun is not None:
            assert int(leg.begun.tensors["steps"]) == leg.begun_at
        if (known := self.ledger.find(leg)) is not None and (leg.until is None or known.state is not None):
            return known
        time.sleep(self.pause_s)
        own = trained_to(leg)
        if own.state is not None:
            steps = torch.tensor(leg.ends_at(STEPS))
            own = replace(own, state=replace(own.state, tensors={"steps": steps}))
        self.ledger.record(leg, own)
        with (self.folder / _LOG).open("a") as log:
            log.write(json.dumps([hash_of(leg), leg.begun_at, leg.ends_at(STEPS)]) + "\n")
        if len(trained_in(self.folder)) == self.dies_after:
            _die()
        return own


def hash_of(leg: Leg) -> str:
    """What tells a leg's candidate from others."""
    one = leg.candidate
    return json.dumps([one.allocation.ranks, one.learning_rate, one.scaling])


def trained_in(folder: Path) -> list[tuple[str, int, int]]:
    """What a driver trained: candidates, each from a step to another."""
    lines = (folder / _LOG).read_text().splitlines() if (folder / _LOG).exists() else []
    return [tuple(json.loads(line)) for line in lines]


def driven(
    storage: str,
    folder: Path,
    pause_s: float,
    dies: str = "never",
    ready: Callable[[], object] = lambda: None,
) -> tuple[LiveOutcome, str]:
    """All of a search, a part of it trained here; and who had the finals.

    dies: when this process kills itself: in the "first wave", the "second wave", the "finals", or before the
    "notes" of all.
    ready: called when others know of this driver, before it begins.
    """
    folder.mkdir(exist_ok=True)
    name, space = driver_of(folder, "here"), small_space()
    place = StudyPlace(NAME, {}, storage, identity="one")
    training = SlowTraining(folder, pause_s, dies_after=_DIES_AFTER.get(dies, 0))
    with shared_work(storage, f"{NAME}, work", name, 1) as work:
        legs = SharedLegs(work, training, training.ledger, candidates_of, STEPS)
        ready()
        led = LedWatcher(work, lambda: live_mirror(place, space))
        try:
            outcome = invented(space, SETTINGS, training=legs, told=led, budget=BUDGET, forget=legs.forget)
            if (known := awaited_result(work)) is None:
                with (folder / _FINALS).open("a") as log:
                    log.write("begun\n")
                if dies == "finals":
                    _die()
                complete = [one for one in outcome.trials if one.state == "complete"]
                if dies == "notes":
                    _die()
                led.concluded(Ended(next(one for one in outcome.trials if one.baseline), complete[-1]))
                conclude(work, {"finals": folder.name})
        finally:
            led.close()
    return outcome, folder.name if known is None else str(known.told["finals"])


def finals_in(folder: Path) -> int:
    """How often a driver began the finals."""
    path = folder / _FINALS
    return len(path.read_text().splitlines()) if path.exists() else 0


def drive(storage: str, folder: Path, pause_s: float, dies: str = "never") -> None:
    """``driven`` in a process of its own."""
    driven(storage, folder, pause_s, dies)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
