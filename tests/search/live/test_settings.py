"""What can be asked of a live search, and what cannot."""

from __future__ import annotations

import pytest

from search.live.settings import LiveSettings
from search.live.trial_objective import JUDGED, OBJECTIVES
from spaces.errors import UsageError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"halving": 4}, "`halving` is of a live search"),
        ({"at_once": 4}, "`at_once` is of a live search"),
        ({"trials": 2, "halving": 1}, "`halving=1` lets every trial go on"),
        ({"trials": 2, "scalings": ("alpha/r", "alpha")}, "scalings"),
        ({"trials": 2, "objectives": ("params", "loss")}, "must be loss or metric"),
        ({"trials": 2, "objectives": ("loss", "loss")}, "`objectives` has loss more than once"),
        ({"trials": 2, "objectives": ("loss", "size")}, "size"),
        ({"trials": 2, "budget_min": "many"}, "`budget_min='many'`"),
        ({"trials": -1}, "`trials=-1`"),
        ({"trials": 2, "rungs": 0}, "`rungs=0`"),
        ({"trials": 2, "lrs": (1e-3, -1.0)}, "lrs"),
        ({"trials": 2, "halving": 0, "pruner": "hyperband"}, "`halving=0`"),
        ({"trials": 2, "halving": 0, "rungs": 1}, "`rungs=1` says where trials are judged, and `halving=0`"),
    ],
)
def test_what_cannot_be_is_named_with_its_argument(given, said):
    with pytest.raises(UsageError) as refused:
        LiveSettings(**given)
    assert said in str(refused.value)
    assert "--" not in str(refused.value)


@pytest.mark.parametrize("first", JUDGED)
def test_any_objective_may_stand_behind_one_that_is_known_at_rungs(first):
    rest = tuple(name for name in OBJECTIVES if name != first)
    assert LiveSettings(trials=1, objectives=(first, *rest)).objectives == (first, *rest)
    assert LiveSettings(trials=1, halving=0).halving == 0
