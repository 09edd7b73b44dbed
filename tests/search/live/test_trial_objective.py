"""What trials are compared by is one row: settings, direction, title and numbers follow from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluators.training.candidate import Evaluation, Trained
from search.live.recorded import recorded
from search.live.settings import LiveSettings
from search.live.stretches import Living, Stretches
from search.live.trial_objective import OBJECTIVES, TrialObjective
from search.live.waves import LiveOutcome
from search.mirror.live_plots import front_plot_of
from search.run.story import story_of_trial
from spaces.errors import UsageError
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of


def _number_of(trial):
    return float(trial.number + 1000 * len(trial.reports))


@pytest.fixture
def search_by(make_space, monkeypatch):
    """A search by objectives, of which ``own`` is a row that the test adds."""

    def made(row, *objectives):
        monkeypatch.setitem(OBJECTIVES, "own", row)
        return settled(make_space([(16, 16)], (0, 2)), LiveSettings(trials=4, objectives=objectives))

    return made


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize(("whole", "shown"), [(True, "3,002"), (False, "3002.0000")])
def test_a_row_is_all_that_one_behind_the_first_takes(search_by, direction, whole, shown):
    search = search_by(TrialObjective(_number_of, direction, "own numbers", whole=whole), "loss", "own")
    assert search.objectives == (("loss", "minimize"), ("own", direction))
    assert search.objective_titles == ("loss", "own numbers")
    trials = tuple(replace(trial_of(n, 0.9, 0.8, 0.5), state="complete") for n in range(3))
    outcome = LiveOutcome(search, trials, {}, 3 * 90)
    (point,) = recorded(outcome).front
    assert point.values == {"loss": 0.5, "own": {"minimize": 3000.0, "maximize": 3002.0}[direction]}
    plot = front_plot_of(search, trials)
    assert (plot.across, plot.points[-1]) == ("own numbers", (3002.0, 0.5))
    header, row = story_of_trial(trials[2], search, "Yes.", task="rows", command=None).measured
    assert (header[-2:], row[-2:]) == (("loss", "own"), ("0.5000", shown))


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_row_that_is_judged_may_come_first_and_is_what_trials_report(search_by, direction):
    search = search_by(TrialObjective(_number_of, direction, "own numbers", judged=True), "own", "loss")
    assert search.objectives[0] == ("own", direction)
    stretches, trial = Stretches(search), trial_of(7)
    known = Evaluation(search.candidate(trial), 0.25, 0.75, None, (0.0,) * 10, 1.0, 5)
    assert stretches.after(Living(trial), Trained(known, {})).trial.value == 1007.0


def test_a_row_that_is_not_judged_does_not_come_first(search_by):
    with pytest.raises(UsageError, match="`objectives=own,loss` must be loss or metric"):
        search_by(TrialObjective(_number_of, "minimize", "own numbers"), "own", "loss")


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_row_without_its_own_is_as_the_task_s_metric(search_by, direction):
    search = replace(search_by(TrialObjective(_number_of, None, None), "loss", "own"), direction=direction)
    assert search.objectives == (("loss", "minimize"), ("own", direction))
    assert search.objective_titles == ("loss", "accuracy")
