"""Deviations in one pass against NumPy's."""

from __future__ import annotations

import numpy as np
import torch

from proxies.measure.deviations import add_deviations


def test_deviations_match_numpy_where_the_mean_is_large():
    values = torch.from_numpy(1000 + np.random.default_rng(0).normal(size=(7, 3, 4))).float()
    deviations, total = torch.zeros(3, 4), torch.zeros(3, 4)
    for count, value in enumerate(values, 1):
        add_deviations(deviations, value, total.add_(value), count)
    expected = ((values.double() - values.double().mean(0)) ** 2).sum(0)
    torch.testing.assert_close(deviations.double(), expected, rtol=1e-2, atol=0)
