"""Who wins by validation, and how far proposing is said to be."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from evaluators.store.benchmark_table import BenchmarkTable
from search.allocation.registry import ALLOCATORS
from search.mirror.study_place import StudyPlace
from search.run.finalist import Finalist
from search.run.pipeline import best_of, search_with
from search.run.settings import SearchSettings
from search.run.tabulated_oracle import TableChoice, TabulatedOracle
from search.sampling.samplers import SAMPLERS
from tests.search.run.test_result import finalist
from tests.search.run.test_tabulated_oracle import written

UNIFORM = finalist(2, [0.70, 0.72, 0.74], "uniform")


def with_loss(one: Finalist, loss: float) -> Finalist:
    runs = [replace(run, evaluation=replace(run.evaluation, loss=loss)) for run in one.runs]
    return Finalist(one.proposal, tuple(runs))


def test_ties_go_to_uniform_even_where_the_other_has_the_lower_loss():
    tied = with_loss(finalist(4, [0.74, 0.72, 0.70], "tpe"), 0.01)
    assert best_of([UNIFORM, tied]) is UNIFORM


def test_a_higher_metric_wins():
    ahead = finalist(4, [0.71, 0.72, 0.74], "tpe")
    behind = finalist(3, [0.70, 0.71, 0.74], "snip/exact")
    assert best_of([UNIFORM, behind, ahead]) is ahead
    assert best_of([UNIFORM, behind]) is UNIFORM


def test_fewer_failures_win():
    diverged = finalist(2, [0.9, None, 0.9], "uniform")
    whole = finalist(4, [0.5, 0.5, 0.5], "tpe")
    assert best_of([diverged, whole]) is whole
    assert best_of([UNIFORM, finalist(4, [0.9, None, 0.9], "tpe")]) is UNIFORM


class ReachedError(Exception):
    """Of how many units so many were done when proposing was over."""


@contextmanager
def until_proposed(title, total, unit, *, units=None):
    done = []
    yield lambda count, note="": done.append(count)
    if title == "proposing":
        raise ReachedError(total, sum(done))


@pytest.mark.parametrize(
    ("allocators", "samplers", "total"),
    [
        *[((name,), (), {"uniform": 1, "random": 2}.get(name, 3)) for name in ALLOCATORS],
        (tuple(ALLOCATORS), tuple(SAMPLERS), 1 + 1 + 2 * 3 + 2 * 3),
    ],
    ids=str,
)
def test_the_bar_of_proposing_counts_on_what_there_is_to_propose(allocators, samplers, total, tmp_path):
    """Two proxies: random heeds none, uniform is the first whoever is asked."""
    oracle = TabulatedOracle.of(BenchmarkTable.read(written(tmp_path)), TableChoice())
    settings = SearchSettings(allocator=allocators, sampler=samplers, proposals=2)
    with pytest.raises(ReachedError) as reached:
        search_with(oracle, settings, tmp_path, seed=0, study=StudyPlace("one", {}), progress=until_proposed)
    assert reached.value.args == (total, total)
