"""Commands on a machine that notes what it trains, and at which something happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from evaluators.executors.executor import Executor
from evaluators.training.candidate import Candidate, Trained
from search.cli.command import Printed
from search.cli.compare import COMPARE
from search.cli.ground_of import machine_given
from search.cli.run import RUN
from search.cli.run_compare import run_compare
from search.cli.run_preset import run_preset
from search.cli.run_search import run_search
from search.cli.run_study import run_study
from search.cli.search_in import search_in
from search.cli.study import STUDY
from search.cli.typed import Typed
from search.job.machine import Machine
from search.run.search_sheet import samples_of, search_sheet


class Watched:
    """A machine whose executor can be looked at.

    trained: every candidate that has finished, in the order of their ends, with its workload's fingerprint.
    steps: that each of them had by then.
    asked: of each workload, the rows it is judged by and the candidates that were not known.
    before, after: called before and after the executor is. done: called after each candidate, with how many
    there have been.
    """

    def __init__(self) -> None:
        self.trained: list[tuple[str, Candidate]] = []
        self.steps: list[int] = []
        self.asked: list[tuple[str, list[Candidate]]] = []
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.done: Callable[[int], None] = lambda _: None

    @property
    def candidates(self) -> list[Candidate]:
        return [candidate for _, candidate in self.trained]

    def run(self, argv: Sequence[str]) -> int:
        return replace(RUN, run=self._search).main(argv)

    def study(self, argv: Sequence[str]) -> int:
        return replace(STUDY, run=partial(run_study, machine=self._machine)).main(argv)

    def compare(self, argv: Sequence[str]) -> int:
        return replace(COMPARE, run=partial(run_compare, machine=self._machine)).main(argv)

    def preset(self, name: str, argv: Sequence[str]) -> int:
        return replace(COMPARE, run=partial(run_preset, name, machine=self._machine)).main(argv)

    def _search(self, given: Typed) -> Printed:
        record = run_search(given, partial(search_in, machine=self._machine))
        return Printed(record.to_json(), search_sheet(record).text, samples_of(record))

    def _machine(self, given: Typed) -> Machine:
        machine = machine_given(given)
        return replace(machine, executor=WatchedExecutor(machine.executor, self))


@dataclass(frozen=True)
class WatchedExecutor:
    """Another one, which ``by`` looks at."""

    executor: Executor
    by: Watched

    @property
    def at_once(self) -> int:
        return self.executor.at_once

    @property
    def cohort_size(self) -> int:
        return self.executor.cohort_size

    @contextmanager
    def opened(self) -> Iterator[WatchedExecutor]:
        with self.executor.opened() as executor:
            yield replace(self, executor=executor)

    def __call__(self, work: Any, models: Any, *, on_done: Any, on_begin: Any, on_step: Any) -> None:
        by = self.by

        def note(index: int, one: Trained) -> None:
            on_done(index, one)
            by.trained.append((work[index].workload.fingerprint, one.evaluation.candidate))
            by.steps.append(len(one.evaluation.curve))
            by.done(len(by.trained))

        by.asked += [
            (one.workload.report_on, [leg.candidate for leg in one.legs if leg not in one.known])
            for one in work
        ]
        by.before()
        self.executor(work, models, on_done=note, on_begin=on_begin, on_step=on_step)
        by.after()


def interrupt_after(count: int) -> Callable[[int], None]:
    """For ``Watched.done``."""

    def done(trained: int) -> None:
        if trained == count:
            raise KeyboardInterrupt

    return done
