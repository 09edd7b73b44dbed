"""What proxies look at does not depend on the grid that a study scores on."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need
from proxies.measure.spectrum_needs import NORM
from proxies.registry import PROXIES, score_sites
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.wires import initial_a
from tests.objectives import TWO_CLASSES


@pytest.mark.parametrize("name", ["grad_norm@init", "adam_gain", "adam_signal", "jacov", "epe_nas", "solo"])
def test_a_wider_grid_leaves_the_scores_of_sites_as_they_are(evidence, batches, name):
    wide = SearchSpace(evidence.space.sites, (0, 1, 2, 3, 8, 20, 32))
    scores = [
        score_sites([PROXIES[name]], Evidence(evidence.model, TWO_CLASSES, batches, space, seed=0))[0]
        for space in (evidence.space, wide)
    ]
    np.testing.assert_allclose(scores[0].by_site, scores[1].by_site, rtol=1e-4)
    np.testing.assert_allclose(scores[0].by_rank, scores[1].on_grid(evidence.space).by_rank, rtol=1e-4)


@pytest.mark.parametrize("name", ["grad_norm@init", "adam_gain", "adam_signal", "jacov", "epe_nas", "zico"])
def test_a_grid_without_the_initial_rank_leaves_the_scores_of_sites_as_they_are(evidence, batches, name):
    low = SearchSpace(evidence.space.sites, (0, 1, 2))
    own = Evidence(evidence.model, TWO_CLASSES, batches, low, seed=0, needs=PROXIES[name].needs)
    (scores,), (wide,) = (score_sites([PROXIES[name]], one) for one in (own, evidence))
    np.testing.assert_allclose(scores.by_rank, wide.on_grid(low).by_rank, rtol=1e-4)


def test_a_site_is_measured_at_no_rank_that_it_cannot_have(tiny_model, batches):
    model = tiny_model("bert", intermediate_size=4)
    space = SearchSpace(find_sites(model, "lora[q,fc1]"), (0, 4, 8))
    evidence = Evidence(model, TWO_CLASSES, batches, space, seed=3)
    (scores,) = score_sites([PROXIES["grad_norm@init"]], evidence)
    for value, site in zip(scores.by_site, space.sites, strict=True):
        rank = {"q": 8, "fc1": 4}[site.role]
        a = torch.from_numpy(initial_a(site, rank, seed=3))
        expected = (Scaling().factor(site.kind, rank) * evidence.gradients[site.name] @ a.T).norm()
        assert value == pytest.approx(float(expected), rel=1e-4)


def test_two_needs_of_one_name_are_refused(evidence):
    for need in (NORM, Need("norm", frozenset({"gradient"}), lambda seen: 7.0)):
        refused = pytest.raises(ValueError, match="two needs are called 'norm'")
        with nullcontext() if need is NORM else refused:
            evidence.of(need)


@pytest.mark.parametrize("scaled", [Scaling(), Scaling("constant", 4.0)])
def test_the_gradient_of_b_is_measured_at_the_factor_and_first_rows_of_the_initial_rank(
    evidence, batches, scaled
):
    wide = SearchSpace(evidence.space.sites, (0, 2, 20))
    one = Evidence(evidence.model, TWO_CLASSES, batches, wide, seed=3, scaling=scaled)
    (scores,) = score_sites([PROXIES["grad_norm@init"]], one)
    for value, site in zip(scores.by_site, wide.sites, strict=True):
        a = torch.from_numpy(initial_a(site, 8, seed=3))
        expected = (scaled.factor(site.kind, 8) * one.gradients[site.name] @ a.T).norm()
        assert value == pytest.approx(float(expected), rel=1e-4)
