"""What is settled of a search says by what trials are compared, and towards what."""

from __future__ import annotations

import pytest

from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from tests.search.live.settled_search import settled


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_metric_is_better_as_its_task_says_and_all_else_the_less_the_better(make_space, direction):
    settings = LiveSettings(trials=1, objectives=("metric", "loss", "params", "seconds", "memory"))
    search = settled(make_space([(4, 4)], (0, 2)), settings, metric="f1", direction=direction)
    assert search.objectives == (
        ("metric", direction),
        ("loss", "minimize"),
        ("params", "minimize"),
        ("seconds", "minimize"),
        ("memory", "minimize"),
    )
    assert search.objective_titles == ("f1", "loss", "parameters", "seconds", "bytes of memory")


@pytest.mark.parametrize(("halving", "rungs"), [(3, 2), (2, 1), (0, 2)])
def test_its_ladder_is_the_one_by_which_its_rungs_were_found(make_space, halving, rungs):
    ladder = Ladder(64, halving, rungs)
    settings = LiveSettings(trials=1, halving=halving, rungs=rungs)
    search = settled(make_space([(4, 4)], (0, 2)), settings, rungs=ladder.rungs_at)
    assert search.ladder == ladder
