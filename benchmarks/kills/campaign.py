"""One command killed until it was killed often enough, each time gone on with, and compared at each end."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .lines import LINES, read_lines
from .moments import drawn_moment
from .started import Started, import_modules, start
from .told import differences, left_over, told
from .victims import Strike, Victim, struck

__all__ = ["Campaign"]

_LONG: Final = 600.0  # seconds of computing in which any start ends
_MOST: Final = 5  # kills until a start may go on to its end
_ORPHANS: Final = 120.0  # seconds in which workers notice that their driver is gone
_TWICE: Final = 2  # strikes at workers in one start: a third could be a candidate's last attempt
_SHORTEST: Final = 0.4  # of a whole run's computing: what a start takes that finds nearly all done
_NAP: Final = 0.02  # seconds


@dataclass(slots=True)
class Campaign:
    """A command and its kills.

    Args:
        name: of it, and of its folder in ``work``.
        words: of the command, but for its folder.
        victim, strike: who gets which signals.
        kills: how many, at least.
        seed: of all moments.
        work: a folder; what it knows of earlier calls is gone on with.
        made_good: makes good what a strike did to others than the command: there are always some left.
    """

    name: str
    words: Sequence[str]
    victim: Victim
    strike: Strike
    kills: int
    seed: int
    work: Path
    made_good: Callable[[], None] = lambda: None
    _home: Path = field(init=False)
    _length: float = field(init=False, default=0.0)
    _old: list[Started] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._home = self.work / self.name

    def run(self) -> None:
        """Kills as often as is left to do, and writes down what came of it."""
        self._home.mkdir(parents=True, exist_ok=True)
        if self._done >= self.kills:
            return
        undisturbed = self._undisturbed()
        while self._done < self.kills:
            self._chain(self._done, undisturbed)

    @property
    def _ends(self) -> bool:
        return self.strike.ends(self.victim)

    @property
    def _done(self) -> int:
        return sum("moment" in line for line in read_lines(self._home))

    def _undisturbed(self) -> Mapping[str, object]:
        """What two undisturbed runs leave alike; the second, after all imports, says how long one takes."""
        kept = self._home / "undisturbed"
        if not kept.exists():
            self._finished(self._start(noting_modules=True))
            self._folder.rename(kept)
        import_modules(self._home)
        before = told(kept)
        shutil.rmtree(self._folder, ignore_errors=True)
        again = self._start()
        self._finished(again)
        self._length = again.computed
        self._note({"undisturbed": round(self._length, 3), "faults": self._faults(again, before)})
        return before

    def _chain(self, done: int, undisturbed: Mapping[str, object]) -> None:
        """From an empty folder to the end of a start, however many kills that takes."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._old, rest = [], self._length
        chain = len(read_lines(self._home))  # so that no moment that came too late comes again
        rng = random.Random(f"{self.seed}/{self.name}/{chain}")
        most = rng.randint(1, _MOST if self._ends else _TWICE)
        self.made_good()
        started = self._start()
        for number in range(done, done + most):
            rng = random.Random(f"{self.seed}/{self.name}/{number}/{chain}")
            how, moment = drawn_moment(rng, rest)
            if not self._struck(started, moment, rng):
                break
            self._say_kill(number, how, moment, started)
            self.made_good()
            rest = max(_SHORTEST * self._length, rest - moment)
            if self._ends:
                started = self._started_again(started)
        self._finished(started)
        self._note({"faults": self._faults(started, undisturbed)})

    def _started_again(self, struck_down: Started) -> Started:
        """Another start, at once, while workers of the last one may still be there."""
        self._old.append(struck_down)
        if faults := self._faults_of_a_strike(struck_down):
            self._note({"faults": faults})
        return self._start()

    def _struck(self, started: Started, moment: float, rng: random.Random) -> bool:
        """Whether somebody got the signals at that moment, or as soon after it as there was somebody."""
        while not started.ended_within(moment):
            if pids := self.victim.pids(started, rng):
                struck(started, pids, self.strike)
                return not self._ends or (started.ended_within(_LONG) and started.code != 0)
            time.sleep(_NAP)
        return False

    def _faults_of_a_strike(self, started: Started) -> list[str]:
        faults = [] if started.code in self.strike.codes else [f"ended with code {started.code}"]
        heeded = started.code is not None and started.code > 0
        if heeded and not started.last_line.startswith(self.strike.line):
            faults.append(f"said at last: {started.last_line}")
        return faults + _traceback(started)

    def _faults(self, started: Started, undisturbed: Mapping[str, object]) -> list[str]:
        """What is wrong at the end of a start that nobody ended."""
        faults = [] if started.code == 0 else [f"ended with code {started.code}: {started.last_line}"]
        faults += _traceback(started)
        faults += [f"left {name}" for name in left_over(self._folder)]
        faults += [f"process {one.pid} left others" for one in self._old if not one.emptied_within(_ORPHANS)]
        faults += differences(undisturbed, told(self._folder))
        if faults:
            self._keep(started)
        return faults

    def _keep(self, started: Started) -> None:
        """A copy of what was wrong."""
        place = self._home / f"fault-{len(read_lines(self._home))}"
        if self._folder.exists():  # not where nothing had finished before an error
            shutil.copytree(self._folder, place, dirs_exist_ok=True)
        shutil.copy(started.said, place.with_suffix(".stderr"))

    @property
    def _folder(self) -> Path:
        """The same for all runs, since its name stands in what they say."""
        return self._home / "run"

    def _start(self, *, noting_modules: bool = False) -> Started:
        words = [*self.words, "--output", str(self._folder)]
        return start(words, self._home / "said", noting_modules=noting_modules)

    def _finished(self, started: Started) -> None:
        if not (started.ended_within(_LONG) and started.emptied_within(_ORPHANS)):
            started.emptied_within(0.0)
            self._note({"faults": ["did not end"]})

    def _say_kill(self, number: int, how: str, moment: float, started: Started) -> None:
        line = {"kill": number, "how": how, "moment": round(moment, 4), "after": started.last_line[:80]}
        self._note(line)

    def _note(self, line: Mapping[str, object]) -> None:
        text = json.dumps(line)
        print(f"{self.name}  {text}", flush=True)
        with (self._home / LINES).open("a") as lines:
            lines.write(f"{text}\n")


def _traceback(started: Started) -> list[str]:
    said = started.said.read_text(errors="replace")
    return [f"a traceback: {started.last_line}"] if "Traceback" in said else []
