"""Sums and counts of losses, and rows of a batch."""

from __future__ import annotations

import pytest
import torch

from spaces.errors import InputError
from spaces.objective import Losses


def test_every_target_has_the_same_weight_in_the_mean() -> None:
    assert float(Losses(torch.tensor([6.0, 2.0, 0.0]), torch.tensor([3.0, 1.0, 0.0])).mean()) == 2.0


def test_the_mean_of_no_target_is_refused() -> None:
    with pytest.raises(InputError, match="no row of a batch has a target"):
        Losses(torch.zeros(2), torch.zeros(2)).mean()
