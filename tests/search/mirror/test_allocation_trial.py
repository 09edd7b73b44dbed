"""An allocation as parameters: the rank of every site, and a few numbers that say the same in short."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search.mirror.allocation_trial import AllocationTrial, TrialAxes
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace


@pytest.fixture
def choices(opt_space):
    beside = replace(opt_space.sites[0], name="layers.0.fc1", role="fc1", d_out=4096)
    rates, scalings = (1e-4, 1e-3), ("alpha/r", "constant")
    return TrialAxes.of(opt_space, 1_000_000, beside=(beside,), rates=rates, scalings=scalings)


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
    assert shown.distributions["layers.3.q"] == shown.distributions["layers.5.in"] == IntDistribution(0, 488)
    assert shown.distributions["layers.0.fc1"] == IntDistribution(0, 195)
    assert shown.distributions["learning rate"] == FloatDistribution(1e-4, 1e-3, log=True)
    assert shown.distributions["scaling"] == CategoricalDistribution(("alpha/r", "constant"))
    assert shown.attributes == {"parameters": 250_000, "proposer": "tpe"}


@pytest.mark.parametrize(
    ("width", "max_params", "largest"),
    [
        ((32, 32), 10_000, 32),  # full rank
        ((256, 1), 10_000, 1),  # a gate, wide on one side
        ((1, 256), 10_000, 1),
        ((32, 32), 640, 10),  # as the budget allows
        ((32, 32), 63, 1),  # not even rank 1: Optuna wants a range
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_a_rank_goes_up_to_what_its_own_site_and_the_budget_allow_in_every_trial(
    make_space, width, max_params, largest, beside
):
    wide, narrow = make_space([(64, 64), width], (0, 1)).sites
    space = SearchSpace((wide,) if beside else (wide, narrow), (0, 1))
    axes = TrialAxes.of(space, max_params, beside=(narrow,) if beside else ())
    for ranks in ({}, {narrow.name: 1}, {wide.name: 1}):
        shown = axes.in_full(a_trial(ranks))
        assert shown.distributions[narrow.name] == IntDistribution(0, largest)
        assert shown.distributions[wide.name] == IntDistribution(0, max(min(64, max_params // 128), 1))


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
