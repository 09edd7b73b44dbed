"""Where halving stopped nobody that is said, and why; where it stopped somebody, or there is none, not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from search.live.nobody_stopped import nobody_stopped
from search.live.recorded import recorded
from search.live.settings import LiveSettings
from tests.search.live.invented import Told, Training, invented

BUDGET = 384


def record_of(make_space, *, least=None, fails=frozenset(), **settings):
    space = make_space([(16, 16)] * 6, (0, 1, 2, 4))
    live = LiveSettings(**{"trials": 4, **settings})
    return recorded(invented(space, live, training=Training(fails), told=Told(), budget=BUDGET, least=least))


def without_the_stopped(live):
    """As if halving had let all others go on."""
    return replace(live, trials=tuple(one for one in live.trials if one.state != "pruned"))


def test_over_several_objectives_those_of_like_size_are_too_few(make_space):
    live = without_the_stopped(record_of(make_space, objectives=("loss", "params"), least=32))
    sizes = Counter(
        next(size for size in range(20) if one.params > BUDGET / 2 ** (size + 1)) for one in live.trials
    )
    said = str(nobody_stopped(live, BUDGET))
    assert said.startswith(f"halving stopped nobody: each of {len(live.trials)} trials was among the best")
    assert f"of no size there were more than {max(sizes.values())}: " in said


def test_by_one_objective_each_may_have_been_among_the_best(make_space):
    live = record_of(make_space)
    assert nobody_stopped(live, BUDGET) is None  # somebody was
    assert str(nobody_stopped(without_the_stopped(live), BUDGET)).endswith(", where it was judged")


@pytest.mark.parametrize("settings", [{"halving": 0}, {"fails": frozenset(range(1000))}])
def test_without_halving_or_where_nobody_was_judged_nothing_is_said(make_space, settings):
    live = record_of(make_space, **settings)
    assert live.count("pruned") == 0
    assert nobody_stopped(live, BUDGET) is None
