"""What is cut from wires of higher ranks is their first rows and columns, and the head."""

from __future__ import annotations

import pytest
import torch

from evaluators.training.truncated import truncated
from spaces.allocation import Allocation

WHOLE = {
    "q.A": torch.arange(12.0).view(4, 3),
    "q.B": torch.arange(20.0).view(5, 4),
    "v.A": torch.ones(2, 3),
    "v.B": torch.ones(5, 2),
    "head.classifier.bias": torch.zeros(2),
}


def test_it_is_the_first_rows_of_a_the_first_columns_of_b_and_the_head():
    parts = truncated(WHOLE, Allocation.of({"q": 2}))
    assert parts.keys() == {"q.A", "q.B", "head.classifier.bias"}
    torch.testing.assert_close(parts["q.B"] @ parts["q.A"], WHOLE["q.B"][:, :2] @ WHOLE["q.A"][:2])
    assert parts["q.A"].data_ptr() == WHOLE["q.A"].data_ptr()


def test_at_its_own_ranks_nothing_is_cut():
    torch.testing.assert_close(truncated(WHOLE, Allocation.of({"q": 4, "v": 2})), WHOLE)


def test_a_rank_above_its_own_cannot_be_cut():
    with pytest.raises(ValueError, match="rank 9 at q is above 4"):
        truncated(WHOLE, Allocation.of({"q": 9}))
