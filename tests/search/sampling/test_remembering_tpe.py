"""TPE with a memory: what it suggests is what Optuna's own suggests, and less is worked out for it."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState, create_trial

from search.sampling.remembering_tpe import RememberingTPE

NAMES = ("a", "b", "c")


class Counted(CategoricalDistribution):
    """Choices that count how often one of them is looked up."""

    looked_up = 0

    def to_internal_repr(self, param_value_in_external_repr):
        Counted.looked_up += 1
        return super().to_internal_repr(param_value_in_external_repr)


RANKS = {name: Counted((0, 2, 4, 8)) for name in NAMES}


def study_of(sampler, directions):
    study = optuna.create_study(sampler=sampler, directions=directions)
    study.add_trial(create_trial(state=TrialState.WAITING))
    return study


def params(number):
    return {name: (0, 2, 4, 8)[(number * 7 + place * number // 3) % 4] for place, name in enumerate(NAMES)}


def suggested(study):
    """Three in a row."""
    asked = study.get_trials(deepcopy=False)[0]
    return [study.sampler.sample_relative(study, asked, RANKS) for _ in range(3)]


@pytest.mark.parametrize("directions", [["minimize"], ["minimize", "maximize"]])
def test_suggests_what_optuna_does_whatever_is_begun_and_ended(directions):
    ours = study_of(RememberingTPE(3), directions)
    optunas = study_of(TPESampler(seed=3, multivariate=True, constant_liar=True), directions)
    for number in range(40):
        values = [float(number % 6), float(number % 5)][: len(directions)]
        for study in (ours, optunas):
            study.add_trial(create_trial(params=params(number), distributions=RANKS, values=values))
            study.add_trial(
                create_trial(params=params(number + 1), distributions=RANKS, state=TrialState.RUNNING)
            )
            if number % 3 == 0:  # that one ends without having come to anything
                study.tell(study.get_trials(deepcopy=False)[-1].number, state=TrialState.FAIL)
        assert suggested(ours) == suggested(optunas)


def test_trials_are_read_once_for_suggestions_between_which_nothing_was_told():
    study = study_of(RememberingTPE(0), ["minimize"])
    for number in range(20):
        study.add_trial(create_trial(params=params(number), distributions=RANKS, value=float(number)))
    Counted.looked_up = 0
    suggested(study)
    assert Counted.looked_up == 20 * len(NAMES)
