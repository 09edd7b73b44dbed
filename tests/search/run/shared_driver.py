"""``rankscape run`` in a process of its own, which notes what it trains, and kills itself when told to."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna

from search.storage.opened_storage import opened_storage
from tests.search.watched import Watched

_TRAINED, _PRINTED = "trained", "printed"


@dataclass(frozen=True)
class SharedDriver:
    """argv: the command's words. notes: a folder that gets what it trained and printed. dies_after: so many
    legs or runs; None: never. meets: waits before it trains until another driver is there, too; the name of
    the study and the storage."""

    argv: Sequence[str]
    notes: Path
    dies_after: int | None = None
    meets: tuple[str, str] | None = None

    def __call__(self) -> None:
        self.notes.mkdir(exist_ok=True)
        watched = Watched()

        def done(count: int) -> None:
            _, one = watched.trained[-1]
            own = [one.allocation.ranks, one.seed, one.learning_rate, one.scaling, watched.steps[-1]]
            with (self.notes / _TRAINED).open("a") as log:
                log.write(json.dumps(own) + "\n")
            if count == self.dies_after:
                os.kill(os.getpid(), signal.SIGKILL)

        def meet() -> None:
            while self.meets is not None and len(claimed(*self.meets, "driver")) < 2:
                time.sleep(0.1)

        watched.done, watched.before = done, meet
        with (self.notes / _PRINTED).open("w") as sys.stdout:
            code = watched.run([*self.argv, "--json", "--quiet"])
        sys.stdout = sys.__stdout__
        sys.exit(code)

    @property
    def trained(self) -> list[str]:
        """A line for each leg and run."""
        path = self.notes / _TRAINED
        return path.read_text().splitlines() if path.exists() else []

    @property
    def result(self) -> dict:
        """What it printed."""
        return json.loads((self.notes / _PRINTED).read_text())


def claims_of(name: str, storage: str) -> list[optuna.trial.FrozenTrial]:
    """All that drivers claimed of a search, by their numbers in the database."""
    work = f"{name}, work"
    with opened_storage(storage) as there:
        if work not in optuna.get_all_study_names(there):
            return []
        return optuna.load_study(study_name=work, storage=there).trials


def claimed(name: str, storage: str, kind: str) -> set[str]:
    """What has ever been claimed of a kind: ``driver`` or ``trial``."""
    named = {str(one.user_attrs["what"]) for one in claims_of(name, storage)}
    return {one for one in named if one.startswith(f"{kind} ")}
