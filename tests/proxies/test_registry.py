"""The contract every proxy keeps, closed forms of each, and what degenerate scores do."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from proxies.dense_gradients import Batch
from proxies.evidence import Evidence
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import DegenerateScoreError
from spaces.base_weight import base_weight
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.wires import initial_a

RANKS = (0, 1, 2, 8)
ALWAYS_DEGENERATE = {"snip@init", "synflow@init"}  # B = 0 (DESIGN, section 6)


@pytest.fixture
def evidence(tiny_model, tiny_batch) -> Evidence:
    model = tiny_model("bert")
    space = SearchSpace(find_sites(model, "lora[q,v,fc1]+shortcut"), RANKS)
    return Evidence(model, [Batch(tiny_batch, torch.arange(6) % 2)], space, seed=0)


@pytest.mark.parametrize("name", sorted(set(PROXIES) - ALWAYS_DEGENERATE))
def test_scores_every_site_at_every_rank_and_leaves_the_model_alone(name, evidence):
    before = copy.deepcopy(evidence.model.state_dict())
    (scores,) = score_sites([find_proxy(name)], evidence)
    assert scores.by_rank.shape == (len(evidence.space.sites), len(RANKS))
    assert (np.diff(scores.by_rank, axis=1) >= 0).all()
    torch.testing.assert_close(evidence.model.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(ALWAYS_DEGENERATE))
def test_products_with_parameters_are_refused_at_initialisation(name, evidence):
    with pytest.raises(DegenerateScoreError, match=rf"proxy {name} .*'init' is 0 at every site.*grad_norm"):
        score_sites([find_proxy(name)], evidence)


def test_all_dense_proxies_share_one_pass(tiny_model, tiny_batch):
    model, passes = tiny_model("bert"), []
    space = SearchSpace(find_sites(model, "lora+shortcut"), RANKS)
    batch = Batch(tiny_batch, torch.arange(6) % 2)
    evidence = Evidence(model, [batch], space, seed=0, on_batch=lambda: passes.append(1))
    score_sites(
        [PROXIES[name] for name in ("grad_norm", "grad_norm@init", "snip", "spectrum", "constant")], evidence
    )
    assert len(passes) == 1


def test_grad_norm_is_the_frobenius_norm_of_g(evidence):
    (scores,) = score_sites([PROXIES["grad_norm"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        g = evidence.gradients[site.name].numpy()
        assert value == pytest.approx(np.sqrt((g.astype(float) ** 2).sum()), rel=1e-5)


def test_grad_norm_at_init_is_the_norm_of_the_gradient_of_b(evidence):
    (scores,) = score_sites([PROXIES["grad_norm@init"]], evidence)
    site = evidence.space.sites[0]
    a = initial_a(site, RANKS[-1], seed=0)
    expected = Scaling().factor(site.kind, RANKS[-1]) * np.linalg.norm(
        evidence.gradients[site.name].numpy() @ a.T
    )
    assert scores.by_site[0] == pytest.approx(expected, rel=1e-5)


def test_snip_weighs_g_by_w0_which_is_the_identity_of_residual_and_zero_of_cross_wires(evidence):
    (scores,) = score_sites([PROXIES["snip"]], evidence)
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        g = evidence.gradients[site.name]
        w0 = {"residual": torch.eye(site.d_in), "cross": torch.zeros(site.d_out, site.d_in)}.get(site.kind)
        w0 = base_weight(evidence.model, site) if w0 is None else w0
        assert value == pytest.approx(float((w0 * g).abs().sum()), rel=1e-5), site.name


def test_synflow_weighs_its_own_gradients(evidence):
    (scores,) = score_sites([PROXIES["synflow"]], evidence)
    site = next(site for site in evidence.space.sites if site.kind == "lora")
    expected = (base_weight(evidence.model, site) * evidence.synflow_gradients[site.name]).abs().sum()
    assert scores.by_site[evidence.space.sites.index(site)] == pytest.approx(float(expected), rel=1e-5)


def test_spectrum_sums_the_largest_squared_singular_values_and_is_concave(evidence):
    (scores,) = score_sites([PROXIES["spectrum"]], evidence)
    for row, site in zip(scores.by_rank, evidence.space.sites, strict=True):
        squares = np.linalg.svd(evidence.gradients[site.name].double().numpy(), compute_uv=False) ** 2
        np.testing.assert_allclose(row, [squares[:rank].sum() for rank in RANKS], rtol=1e-8, atol=1e-14)
        slopes = np.diff(row) / np.diff(RANKS)
        assert (np.diff(slopes) <= 1e-9 * row[-1]).all()


def test_spectrum_is_the_best_first_order_decrease_of_its_rank(evidence):
    site = evidence.space.sites[0]
    g = evidence.gradients[site.name].double()
    u, s, vh = torch.linalg.svd(g)
    best = float((g * ((u[:, :2] * s[:2]) @ vh[:2])).sum())  # <G, its own best approximation>
    (scores,) = score_sites([PROXIES["spectrum"]], evidence)
    assert scores.by_rank[0, RANKS.index(2)] == pytest.approx(best, rel=1e-6)


def test_nan_gradients_are_refused(evidence):
    evidence.gradients["layers.1.v"][0, 0] = float("nan")
    with pytest.raises(
        DegenerateScoreError, match=r"grad_norm at its evaluation point 'dense' is not finite at layers\.1\.v"
    ):
        score_sites([PROXIES["grad_norm"]], evidence)


def test_equal_scores_are_refused_unless_the_proxy_is_constant(evidence):
    for gradient in evidence.gradients.values():
        gradient.zero_()[0, 0] = 1.0
    assert (score_sites([PROXIES["constant"]], evidence)[0].by_site == 1).all()
    with pytest.raises(DegenerateScoreError, match="is 1 at every site"):
        score_sites([PROXIES["grad_norm"]], evidence)


def test_an_unknown_proxy_names_those_there_are():
    with pytest.raises(UsageError, match=r"proxy='magic' is unknown; choose from \['constant'"):
        find_proxy("magic")
