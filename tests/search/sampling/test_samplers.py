"""Every sampler starts, stays silent, and follows its seed."""

import optuna
import pytest
from optuna.trial import TrialState

from search.run.settings import SearchSettings
from search.sampling.samplers import SAMPLERS, find_sampler
from spaces.errors import UsageError


@pytest.mark.parametrize("name", SAMPLERS)
def test_it_suggests_categorical_ranks_and_follows_its_seed(name):
    def suggestions(seed):
        study = optuna.create_study(sampler=SAMPLERS[name].make(seed))
        for value in range(40):
            trial = study.ask()
            ranks = [trial.suggest_categorical(f"site{i}", (0, 2, 4)) for i in range(4)]
            study.tell(trial, value + sum(ranks))
        return [trial.params for trial in study.get_trials(states=[TrialState.COMPLETE])]

    assert suggestions(1) == suggestions(1) != suggestions(2)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match="`sampler='cmaes'` is unknown; choose from tpe, nsga2, random"):
        find_sampler("cmaes")


def test_tpe_looks_back_on_a_bounded_number_and_the_default_number_of_trials_is_below_it():
    assert SearchSettings().proposals < SAMPLERS["tpe"].window <= 512
