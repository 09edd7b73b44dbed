"""Trials that are lost, as by a machine without memory: the search goes on without them, and so does another
start of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pytest

from evaluators.executors.executor import Executor
from evaluators.training.candidate import Candidate
from search.cli.command import Printed
from search.cli.ground_of import machine_given
from search.cli.run import RUN
from search.cli.run_search import run_search
from search.cli.search_in import search_in
from tests.search.run.test_live import CHOICES, LIVE
from tests.search.watched import Watched, WatchedExecutor, interrupt_after


@dataclass(frozen=True)
class Lossy(WatchedExecutor):
    """Does not come to the end of some. loses: says of whom, among those that are trained together."""

    loses: Callable[[Candidate, list[Candidate]], bool] = lambda one, together: False
    times: int = 1

    @property
    def at_once(self) -> int:
        return self.executor.at_once * self.times

    def __call__(self, work, models, *, on_done, on_begin, on_step):
        together = [leg.candidate for leg in work[0].legs]
        lost = {one for one in together if self.loses(one, together)}

        def told(index, one):
            if one.evaluation.candidate not in lost:
                return on_done(index, one)
            evaluation = replace(one.evaluation, metric=None, loss=None, failure="no memory", may_pass=True)
            return on_done(index, replace(one, evaluation=evaluation, tensors={}, state=None))

        super().__call__(work, models, on_done=told, on_begin=on_begin, on_step=on_step)


def run_on(argv: list[str], machine: Callable[[Executor], Executor]) -> int:
    """The exit code of a run on such a machine."""

    def made(given):
        own = machine_given(given)
        return replace(own, executor=machine(own.executor))

    def search(given):
        return Printed(run_search(given, partial(search_in, machine=made)).to_json(), "", "")

    return replace(RUN, run=search).main(argv)


def test_a_search_goes_on_as_it_began_on_a_larger_machine_where_what_was_lost_would_fit(small, capsys):
    few = LIVE.index("--at-once")
    argv = [*small, *LIVE[:few], *LIVE[few + 2 :], *CHOICES, "--cohort-size", "3"]
    first, second = Watched(), Watched()
    first.done = interrupt_after(8)

    def second_of_the_first_wave(one, together):
        return not first.trained and one == together[1]

    assert run_on(argv, partial(Lossy, by=first, loses=second_of_the_first_wave)) == 130
    assert run_on([*argv, "--json"], partial(Lossy, by=second, times=2)) == 0
    live = json.loads(capsys.readouterr().out)["live"]
    trials, asked = live["trials"], [own for _, own in second.asked]
    assert max(len(own) for own in asked if {one.seed for one in own} == {live["seed"]}) == 3
    assert (trials[1]["state"], trials[1]["failure"]) == ("failed", "no memory")
    assert [one["number"] for one in trials if one["state"] == "failed"] == [1]
    lost = first.asked[0][1][1]
    assert lost not in [one for own in asked for one in own]


def how(one: Candidate) -> tuple[object, ...]:
    return one.allocation, one.learning_rate, one.scaling


@pytest.mark.parametrize("again", [True, False])
def test_where_all_baselines_were_lost_one_is_trained_anew_beside_the_finalists(
    small, capsys, tmp_path, again
):
    """again: whether it is lost then, too. The search is interrupted in the middle of that."""
    argv = [*small, *LIVE, *CHOICES]
    first, second, seeds = Watched(), Watched(), {0, 1}

    def loses(one, together):
        baselines = map(how, first.asked[0][1] if first.asked else together)  # the whole first wave
        return how(one) in baselines and (again or one.seed not in seeds)

    first.before = lambda: interrupt_in_finals(first, seeds)
    assert run_on(argv, partial(Lossy, by=first, loses=loses)) == 130
    assert run_on([*argv, "--json"], partial(Lossy, by=second, loses=loses)) == 0
    found = json.loads(capsys.readouterr().out)
    trials = found["live"]["trials"]
    assert {one["state"] for one in trials if one["baseline"]} == {"failed"}
    assert not {one.seed for _, own in second.asked for one in own} - seeds  # no trial was trained again
    (best,) = (one["number"] for one in trials if one["state"] == "complete")
    assert found["baseline"]["proposer"] == trials[0]["proposer"]
    finished = [one for one in found["baseline"]["metrics"].values() if one is not None]
    assert len(finished) == (0 if again else 2)
    assert found["finalists"][0]["proposer"] == trials[best]["proposer"]
    if again:
        assert found["baseline"]["failures"] == ["no memory"] * 2
        assert not found["best"]["is_baseline"]
    assert (tmp_path / "out" / "adapter" / "adapter_config.json").is_file()


def interrupt_in_finals(by: Watched, seeds: set[int]) -> None:
    if {one.seed for one in by.asked[-1][1]} <= seeds:
        raise KeyboardInterrupt
