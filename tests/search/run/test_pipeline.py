"""Who wins by validation."""

from __future__ import annotations

from dataclasses import replace

from search.run.finalist import Finalist
from search.run.pipeline import best_of
from tests.search.run.test_result import finalist

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
