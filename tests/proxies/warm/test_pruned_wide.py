"""PRUNED-WIDE: the wide network's components, added up by rank."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.registry import PROXIES, score_sites


def test_a_site_is_worth_the_fisher_information_of_its_gates(warm):
    evidence = warm()
    (scores,) = score_sites([PROXIES["pruned_wide"]], evidence)
    components = evidence.wide_network.components
    for number in range(len(evidence.space.sites)):
        own = components.gradients[:, components.site == number]
        fisher = np.sort((own**2).sum(0) / (2 * len(own)))[::-1]
        expected = [0, fisher[0], fisher[:2].sum(), fisher.sum()]
        np.testing.assert_allclose(scores.by_rank[number], expected, rtol=1e-6)


def test_by_magnitude_it_is_worth_its_largest_singular_values(warm):
    evidence = warm()
    (scores,) = score_sites([PROXIES["pruned_wide_magnitude"]], evidence)
    for number, site in enumerate(evidence.space.sites):
        wire = evidence.wide_network.wires[site.name]
        sizes = wire.factor * torch.linalg.svdvals(wire.b @ wire.a).numpy()
        expected = [0, sizes[0], sizes[:2].sum(), sizes.sum()]
        np.testing.assert_allclose(scores.by_rank[number], expected, rtol=1e-3, atol=1e-6)


def test_the_network_is_as_wide_as_proxies_at_init_look_and_shared(warm):
    evidence = warm()
    score_sites([PROXIES[name] for name in ("pruned_wide", "pruned_wide_magnitude")], evidence)
    assert evidence.wide_network.rank == 8
    assert evidence.super_network.rank == 3  # that of the other warm proxies stays as it is


@pytest.mark.parametrize("name", ["pruned_wide", "pruned_wide_magnitude"])
def test_worth_is_concave_in_rank(warm, name):
    evidence = warm()
    (scores,) = score_sites([PROXIES[name]], evidence)
    rates = np.diff(scores.by_rank, axis=1) / np.diff(evidence.space.ranks)
    assert (np.diff(rates, axis=1) <= 1e-12).all()
