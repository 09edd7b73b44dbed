"""Eigenvalues in the order that ranks are spent."""

from __future__ import annotations

import torch

from proxies.measure.eigenvalues import eigenvalues
from spaces.double_precision import in_double


def test_eigenvalues_come_largest_first_and_never_negative():
    matrix = in_double(torch.tensor([[2.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, -1e-9]]))
    torch.testing.assert_close(eigenvalues(matrix), torch.tensor([5.0, 2.0, 0.0], dtype=torch.float64))
