"""An allocation as parameters: the rank of every site, and a few numbers that say the same in short."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search.mirror.allocation_trial import AllocationTrial, TrialAxes
from spaces.allocation import Allocation


@pytest.fixture
def choices(opt_space):
    rates, scalings = (1e-4, 1e-3), ("alpha/r", "constant")
    return TrialAxes.of(opt_space, 1_000_000, beside=("layers.0.fc1",), rates=rates, scalings=scalings)


def a_trial(ranks, **more):
    return AllocationTrial(3, Allocation.of(ranks), 250_000, 1e-3, "constant", **more)


def test_every_site_is_a_whole_number_so_that_tables_sort(choices, opt_space):
    shown = choices.in_full(a_trial({"layers.3.q": 8, "layers.0.fc1": 2}, attributes={"proposer": "tpe"}))
    assert len(shown.params) == len(opt_space.sites) + 1 + 2
    assert {name: value for name, value in shown.params.items() if value} == {
        "layers.3.q": 8,
        "layers.0.fc1": 2,
        "learning rate": 1e-3,
        "scaling": "constant",
    }
    assert shown.distributions["layers.3.q"] == shown.distributions["layers.5.in"] == IntDistribution(0, 1024)
    assert shown.distributions["learning rate"] == FloatDistribution(1e-4, 1e-3, log=True)
    assert shown.distributions["scaling"] == CategoricalDistribution(("alpha/r", "constant"))
    assert shown.attributes == {"parameters": 250_000, "proposer": "tpe"}


def test_in_short_it_is_shares_of_roles_and_of_the_upper_half(choices):
    shown = choices.in_short(a_trial({"layers.3.q": 6, "layers.12.in": 3, "layers.23.q": 3}))
    roles = {"q": 0.75, "in": 0.25, "v": 0.0, "res1": 0.0, "res2": 0.0, "cut": 0.0}
    expected = {f"share of {role}": share for role, share in roles.items()}
    assert shown.params == {
        **expected,
        "share beside the space": 0.0,
        "share of upper half": 0.5,
        "sites on": 3,
        "budget used": 0.25,
        "learning rate": 1e-3,
        "scaling": "constant",
    }


def test_sites_that_baselines_alone_have_are_one_share(choices):
    shown = choices.in_short(a_trial({"layers.3.q": 6, "layers.0.fc1": 2}))
    assert (shown.params["share of q"], shown.params["share beside the space"]) == (0.75, 0.25)


def test_a_budget_that_all_share_is_no_parameter(choices):
    assert "budget used" not in replace(choices, budgets=False).in_short(a_trial({})).params


def test_an_allocation_of_nothing_has_shares_of_nothing(choices):
    assert choices.in_short(a_trial({})).params["share of q"] == 0
