"""Batches: every row once an epoch, decided by the seed, like lengths together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.training.data_order import epoch_batches, steps_per_epoch

LENGTHS = np.random.default_rng(0).integers(3, 60, size=700)


@given(rows=st.integers(1, 300), batch_size=st.integers(1, 33), seed=st.integers(0, 5))
def test_every_row_comes_once_in_the_promised_number_of_batches(rows, batch_size, seed):
    batches = list(epoch_batches(LENGTHS[:rows], batch_size, seed=seed, epoch=0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(rows))
    assert len(batches) == steps_per_epoch(rows, batch_size)
    assert max(map(len, batches)) <= batch_size


@pytest.mark.parametrize("other", [{"seed": 1, "epoch": 0}, {"seed": 0, "epoch": 1}])
def test_seed_and_epoch_decide_the_order(other):
    first = [batch.tolist() for batch in epoch_batches(LENGTHS, 16, seed=0, epoch=0)]
    assert first == [batch.tolist() for batch in epoch_batches(LENGTHS, 16, seed=0, epoch=0)]
    assert first != [batch.tolist() for batch in epoch_batches(LENGTHS, 16, **other)]


def test_two_seeds_see_like_lengths_at_the_same_step():
    orders = [list(epoch_batches(LENGTHS, 16, seed=seed, epoch=0)) for seed in (0, 1)]
    longest = np.array([[LENGTHS[batch].max() for batch in order] for order in orders])
    shared = longest.max(axis=0).mean()
    assert shared < 1.15 * longest.mean()
    assert shared < 0.75 * LENGTHS.max()
