"""Values stand where a trial has ended with some, and nowhere else."""

from __future__ import annotations

import pytest
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from search.mirror.shown import ShownTrial

PARAMS, GRID = {"q": 2}, {"q": IntDistribution(0, 4)}
MAY = {TrialState.COMPLETE: {True}, TrialState.PRUNED: {True, False}}


@pytest.mark.parametrize("state", list(TrialState))
@pytest.mark.parametrize("valued", [True, False])
def test_a_state_and_its_values_belong_together(state, valued):
    values = (0.5,) if valued else None
    if valued in MAY.get(state, {False}):
        assert ShownTrial(0, PARAMS, GRID, state, values=values).values == values
        return
    with pytest.raises(ValueError, match=state.name):
        ShownTrial(0, PARAMS, GRID, state, values=values)


def test_it_is_optuna_s_own_trial_with_all_that_is_known():
    one = ShownTrial(3, PARAMS, GRID, TrialState.PRUNED, ((1, 0.9), (3, 0.7)), (0.7,), {"who": "tpe"})
    frozen = one.frozen({"artifacts:1": "{}"})
    assert (frozen.params, frozen.distributions) == (PARAMS, GRID)
    assert (frozen.state, frozen.values) == (TrialState.PRUNED, [0.7])
    assert frozen.intermediate_values == {1: 0.9, 3: 0.7}
    assert (frozen.user_attrs, frozen.system_attrs) == ({"who": "tpe"}, {"artifacts:1": "{}"})
    assert frozen.datetime_start <= frozen.datetime_complete
    assert ShownTrial(0, PARAMS, GRID).frozen({}).datetime_complete is None
