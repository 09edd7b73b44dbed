"""What is settled of a search says by what trials are compared, and towards what."""

from __future__ import annotations

import pytest

from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from search.live.stretches import Living, Stretches
from tests.search.live.invented import Told, Training, invented
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of


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


@pytest.mark.parametrize("ladder", [Ladder(64, 3, 2), Ladder(64, 2, 1), Ladder(64, 0, 2)])
def test_its_ladder_alone_says_when_trials_are_trained_and_judged(make_space, ladder):
    search = settled(make_space([(4, 4)], (0, 2)), LiveSettings(trials=1), ladder=ladder)
    assert (search.ladder, search.rungs) == (ladder, ladder.rungs_at)
    untils = [Stretches(search).leg(Living(trial_of(0), waves)).until for waves in range(ladder.waves)]
    assert untils == [*map(ladder.step_after, range(1, ladder.waves)), None]


@pytest.mark.parametrize("at_once", [1, 3])
def test_its_settings_alone_say_how_many_trials_live_at_a_time(make_space, at_once):
    training, space = Training(), make_space([(16, 16)] * 6, (0, 1, 2, 4))
    settings = LiveSettings(trials=4, at_once=at_once)
    invented(space, settings, training=training, told=Told(), budget=384)
    assert max(map(len, training.waves)) == settled(space, settings).at_once == at_once
