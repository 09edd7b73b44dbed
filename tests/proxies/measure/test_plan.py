"""What is measured together, and what fits."""

from __future__ import annotations

import logging

import pytest

from proxies.measure.need import SKETCH, Need
from proxies.measure.plan import bytes_of_gradients, memory_for, planned
from spaces.find_sites import find_sites
from spaces.memory_size import parse_memory
from spaces.search_space import SearchSpace

WHOLE = Need("whole", frozenset({"gradient"}), lambda seen: 0.0)
DEVIATIONS = Need("deviations", frozenset({"gradient", "deviations"}), lambda seen: 0.0)
OF_B = Need("of_b", frozenset({"of_b", "deviations_of_b"}), lambda seen: 0.0)
WIDE = Need("wide", frozenset({"of_b"}), lambda seen: 0.0, every_rank=True)
SKETCHED = Need("sketched", SKETCH, lambda seen: 0.0)


@pytest.fixture
def space(tiny_model) -> SearchSpace:
    """Sites of 32 x 32, and fc1 of 48 x 32."""
    return SearchSpace(find_sites(tiny_model("bert"), "lora[q,v,fc1]"), (0, 2, 16))


def plan(space: SearchSpace, memory: int, *needs: Need):
    return planned(frozenset(needs), space, memory, initial_rank=8)


def test_what_fits_is_one_group(space, caplog):
    caplog.set_level(logging.INFO)
    assert plan(space, bytes_of_gradients(space.sites), WHOLE).groups == (space.sites,)
    assert not caplog.text


def test_groups_hold_every_site_in_order_and_no_more_than_the_memory(space, caplog):
    caplog.set_level(logging.INFO)
    memory = 3 * 4 * (32 * 32 + 48 * 32)  # of G, of one batch's, and of the deviations
    groups = plan(space, memory, DEVIATIONS).groups
    assert [site for group in groups for site in group] == list(space.sites)
    assert len(groups) > 2
    assert all(3 * bytes_of_gradients(group) <= memory for group in groups)
    assert f"deviations: {len(groups)} passes over the batches" in caplog.text


def test_a_site_that_does_not_fit_alone_has_a_pass_of_its_own(space):
    assert plan(space, 1, WHOLE).groups == tuple((site,) for site in space.sites)


def test_the_gradient_of_b_is_taken_at_the_initial_rank_unless_a_need_looks_at_every_rank(space):
    assert (plan(space, 10**9, OF_B).rank, plan(space, 10**9, OF_B, WIDE).rank) == (8, 16)


def test_a_sketch_has_more_vectors_than_the_grid_has_ranks_as_far_as_memory_goes(space, caplog):
    caplog.set_level(logging.INFO)
    assert plan(space, 10**9, SKETCHED).vectors == 24
    assert "norms and spectra are sketched, by 24 vectors from the right and 49 from the left" in caplog.text
    of_one = 4 * sum(site.d_out + 2 * site.d_in for site in space.sites)
    of_one += 8 * (4 * 48 + 7 * 32)  # what fc1, the largest, is worked with in float64
    besides = 4 * sum(3 * 8 * site.d_out + 8 * site.d_in for site in space.sites)
    working = 3_000_000
    assert plan(space, 12 * of_one + besides + working, SKETCHED, OF_B).vectors == 12
    assert plan(space, 1, SKETCHED).vectors == 8


def test_by_default_small_models_hold_all_and_large_ones_a_tenth(tiny_model, space):
    model = tiny_model("bert")
    base = 4 * sum(parameter.numel() for parameter in model.parameters())
    assert memory_for(model, space.sites, None) == 200_000_000
    assert memory_for(model, space.sites * 20_000, None) == round(base / 10)
    assert memory_for(model, space.sites, parse_memory("50%")) == base // 2
