from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.data.rows import Rows, padded_inputs
from evaluators.training.data_order import epoch_batches, in_length_order
from evaluators.training.padding_share import evaluation_padding, training_padding
from tests.doubling import doubling_rows


@pytest.fixture(scope="module")
def rows() -> Rows:
    return doubling_rows(50, 0)


def lengths_of(rows: Rows) -> np.ndarray:
    return np.array([len(ids) for ids in rows.input_ids])


def padding_in(masks: list[np.ndarray]) -> float:
    return 1 - sum(int(mask.sum()) for mask in masks) / sum(mask.size for mask in masks)


@pytest.mark.parametrize("batch_size", [4, 8])
def test_one_candidate_s_share_is_that_of_its_padded_batches(rows, batch_size):
    masks = [
        padded_inputs(rows, batch, pad_token_id=0)["attention_mask"]
        for batch in epoch_batches(lengths_of(rows), batch_size, seed=3, epoch=0)
    ]
    assert training_padding(lengths_of(rows), batch_size, seeds=[3]) == pytest.approx(padding_in(masks))


def test_a_cohort_pads_to_the_longest_row_of_any_slot_and_is_never_cheaper_than_alone(rows):
    lengths = lengths_of(rows)
    together = training_padding(lengths, 8, seeds=[0, 1, 2])
    assert together >= max(training_padding(lengths, 8, seeds=[seed]) for seed in range(3))
    unsorted = 1 - lengths.mean() / lengths.max()
    assert together < unsorted


def test_evaluation_s_share_is_that_of_its_padded_batches(rows):
    masks: list[np.ndarray] = []

    def ask(indices: np.ndarray) -> torch.Tensor:
        masks.append(padded_inputs(rows, indices, pad_token_id=0)["attention_mask"])
        return torch.zeros(len(indices), 1)

    in_length_order(rows, 16, ask)
    assert evaluation_padding(lengths_of(rows), 16) == pytest.approx(padding_in(masks))
