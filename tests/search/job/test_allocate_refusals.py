"""Types of model and batches from which nothing can be allocated: a reason, and a remedy."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from search.job.allocate import allocate
from spaces.errors import InputError
from tests.conftest import TinyModel
from tests.model_types import tiny_model_of
from tests.search.job.labelled_batches import batches_of


@pytest.mark.parametrize(
    ("model_type", "says"),
    [
        ("canine", "does not say what embeds its inputs"),
        ("ibert", "PEFT cannot adapt this model so"),
        ("perceiver", "no module through which gradients could be followed"),
        ("reformer", "cannot be run on a batch"),
        ("squeezebert", "has no linear in a numbered block"),
    ],
)
def test_types_that_cannot_be_are_refused_with_a_reason(model_type: str, says: str) -> None:
    model = tiny_model_of(model_type)
    with pytest.raises(InputError, match=says):
        allocate(model, batches_of(model), budget="r=2")


@pytest.mark.parametrize(
    ("batches", "says"),
    [
        ([], "`dataloader` gave no batch; give at least two"),
        ([{"input_ids": torch.ones(2, 3, dtype=torch.long)}], "no tensor of `labels`"),
        (
            [{"input_ids": torch.ones(1, 3, dtype=torch.long), "labels": torch.full((1, 3), -100)}],
            "below zero",
        ),
        ([[1, 2, 3]], "batch 1 of `dataloader` is a list"),
        ([{"input_ids": torch.full((2, 3), 1000), "labels": torch.zeros(2, 3).long()}], "cannot be run on"),
    ],
)
def test_batches_that_cannot_be_scored_are_refused_with_a_reason(
    tiny_language_model: TinyModel, batches: list[Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        allocate(tiny_language_model("llama"), batches, budget="r=2")
