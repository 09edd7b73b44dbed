"""The contract every proxy keeps, and what degenerate scores do."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.measure.warm_up import WarmUp
from proxies.proxy import needs_of
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import DegenerateScoreError
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.search_space import SearchSpace
from tests.objectives import TWO_CLASSES

# a site may be worth less than nothing
SIGNED = {"plain", "grasp", "ablation", "solo", "solo_linear", "supernet", "kernel_regression"}
SPARSE = {"linearised_gates"}  # no more is open of a wide site than of a narrow one
ALWAYS_DEGENERATE = {"snip@init", "synflow@init"}  # B = 0 (DESIGN, section 6)


@pytest.mark.parametrize("name", sorted(set(PROXIES) - ALWAYS_DEGENERATE))
def test_scores_every_site_at_every_rank_and_leaves_the_model_alone(name, evidence):
    before = copy.deepcopy(evidence.model.state_dict())
    (scores,) = score_sites([find_proxy(name)], evidence)
    assert scores.by_rank.shape == (len(evidence.space.sites), len(evidence.space.ranks))
    assert name in SIGNED or (np.diff(scores.by_rank, axis=1) >= 0).all()
    torch.testing.assert_close(evidence.model.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(set(PROXIES) - ALWAYS_DEGENERATE))
def test_a_rank_that_a_narrow_site_cannot_have_is_worth_as_much_as_its_highest(name, tiny_model, batches):
    model = tiny_model("llama")  # in which k is half as wide as q
    space = SearchSpace(find_sites(model, "lora[q,k]"), (0, 8, 20))
    evidence = Evidence(model, TWO_CLASSES, batches, space, seed=0, warm_up=WarmUp(steps=2, rank=20))
    (scores,) = score_sites([find_proxy(name)], evidence)
    narrow = np.array([site.role == "k" for site in space.sites])
    assert space.highest.tolist() == np.where(narrow, 8, 20).tolist()
    np.testing.assert_array_equal(scores.by_rank[narrow, 2], scores.by_rank[narrow, 1])
    assert name in SPARSE or (scores.by_rank[~narrow, 2] != scores.by_rank[~narrow, 1]).any()


@pytest.mark.parametrize("name", sorted(ALWAYS_DEGENERATE))
def test_products_with_parameters_are_refused_at_initialisation(name, evidence):
    with pytest.raises(DegenerateScoreError, match=rf"proxy {name} .*'init' is 0 at every site.*spectrum"):
        score_sites([find_proxy(name)], evidence)


def test_all_proxies_share_one_pass(evidence, batches):
    passes = []
    others = [p for name, p in PROXIES.items() if p.point != "warm" and name not in ALWAYS_DEGENERATE]
    counted = Evidence(
        evidence.model,
        TWO_CLASSES,
        batches,
        evidence.space,
        seed=0,
        needs=needs_of(others),
        on_batch=lambda: passes.append(1),
    )
    score_sites(others, counted)
    assert len(passes) == len(batches)


def test_all_warm_proxies_share_one_super_network(evidence, batches):
    passes = []
    warm_up = WarmUp(steps=3)
    counted = Evidence(
        evidence.model,
        TWO_CLASSES,
        batches,
        evidence.space,
        seed=0,
        warm_up=warm_up,
        on_batch=lambda: passes.append(1),
    )
    score_sites([PROXIES[name] for name in ("sensitivity", "sensitivity_sum")], counted)
    assert len(passes) == warm_up.steps
    score_sites([PROXIES[name] for name in ("grad_norm@warm", "snip@warm")], counted)
    assert len(passes) == warm_up.steps + 1  # the one held batch
    score_sites([PROXIES["ablation"]], counted)
    before = len(passes)
    score_sites([PROXIES[name] for name in ("solo", "ablation")], counted)
    assert len(passes) == before


def test_a_statistic_that_is_not_among_the_needs_is_measured_once_by_a_pass_of_its_own(evidence, batches):
    passes = []
    counted = Evidence(
        evidence.model, TWO_CLASSES, batches, evidence.space, seed=0, on_batch=lambda: passes.append(1)
    )
    alone = {name: score_sites([PROXIES[name]], counted)[0] for name in ("grad_norm", "fisher", "eva")}
    assert len(passes) == 3 * len(batches)
    score_sites([PROXIES[name] for name in alone], counted)
    assert len(passes) == 3 * len(batches)
    for scores in score_sites([PROXIES[name] for name in alone], evidence):
        np.testing.assert_allclose(scores.by_rank, alone[scores.proxy].by_rank, rtol=1e-5)


def test_all_dense_proxies_share_one_pass(tiny_model, tiny_batch):
    model, passes = tiny_model("bert"), []
    space = SearchSpace(find_sites(model, "lora+shortcut"), (0, 1, 2))
    batch = Batch(tiny_batch, torch.arange(6) % 2)
    counted = Evidence(model, TWO_CLASSES, [batch], space, seed=0, on_batch=lambda: passes.append(1))
    score_sites([PROXIES[name] for name in ("grad_norm", "grasp", "snip", "spectrum", "constant")], counted)
    assert len(passes) == 1


def test_nan_gradients_are_refused(evidence):
    evidence.gradients["layers.1.v"][0, 0] = float("nan")
    with pytest.raises(
        DegenerateScoreError, match=r"grad_norm at its evaluation point 'dense' is not finite at layers\.1\.v"
    ):
        score_sites([PROXIES["grad_norm"]], evidence)


def test_a_worth_that_is_not_finite_is_refused_by_the_name_of_its_site(evidence):
    def infinite(evidence, name):
        scores = PROXIES["params"].measure(evidence, name)
        scores.by_rank[2, -1] = np.inf
        return scores

    proxy = dataclasses.replace(PROXIES["params"], measure=infinite)
    with pytest.raises(DegenerateScoreError, match=f"is not finite at {evidence.space.sites[2].name}"):
        score_sites([proxy], evidence)


def test_equal_scores_are_refused_unless_the_proxy_is_constant(evidence):
    for gradient in evidence.gradients.values():
        gradient.zero_()[0, 0] = 1.0
    assert (score_sites([PROXIES["constant"]], evidence)[0].by_site == 1).all()
    with pytest.raises(DegenerateScoreError, match="is 1 at every site"):
        score_sites([PROXIES["grad_norm"]], evidence)


def test_an_unknown_proxy_names_those_there_are():
    with pytest.raises(UsageError, match=r"`proxy='magic'` is unknown; choose from constant, spread, "):
        find_proxy("magic")
