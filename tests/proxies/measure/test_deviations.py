"""Deviations in one pass against NumPy's."""

from __future__ import annotations

import numpy as np
import torch

from proxies.measure.deviations import add_deviations, varies


def test_deviations_match_numpy_where_the_mean_is_large():
    values = torch.from_numpy(1000 + np.random.default_rng(0).normal(size=(7, 3, 4))).float()
    deviations, total = torch.zeros(3, 4), torch.zeros(3, 4)
    for count, value in enumerate(values, 1):
        add_deviations(deviations, value, total.add_(value), count)
    expected = ((values.double() - values.double().mean(0)) ** 2).sum(0)
    torch.testing.assert_close(deviations.double(), expected, rtol=1e-2, atol=0)


def test_the_rounding_of_equal_values_is_no_variation():
    values, count = torch.randn(1000, generator=torch.Generator().manual_seed(0)), 40
    deviations, total = torch.zeros(1000), torch.zeros(1000)
    for n in range(1, count + 1):
        add_deviations(deviations, values, total.add_(values), n)
    std = (deviations / count).sqrt()
    assert (std > 0).any()
    assert not varies(std, values.abs(), count).any()
    assert varies(values.abs() / 1000, values.abs(), count).all()
