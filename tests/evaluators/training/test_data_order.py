"""Batches: every row once an epoch, decided by the seed, like lengths together."""

from __future__ import annotations

from itertools import count, islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.rows import Rows
from evaluators.training.data_order import batches_from, epoch_batches, in_length_order, steps_per_epoch

LENGTHS = np.random.default_rng(0).integers(3, 60, size=700)


@given(rows=st.integers(1, 300), batch_size=st.integers(1, 33), seed=st.integers(0, 5))
def test_every_row_comes_once_in_the_promised_number_of_batches(rows, batch_size, seed):
    batches = list(epoch_batches(LENGTHS[:rows], batch_size, seed=seed, epoch=0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(rows))
    assert len(batches) == steps_per_epoch(rows, batch_size)
    assert max(map(len, batches)) <= batch_size


@given(rows=st.integers(1, 300), batch_size=st.integers(1, 33), step=st.integers(0, 40))
def test_batches_from_a_step_on_are_those_that_come_after_so_many(rows, batch_size, step):
    lengths, own = LENGTHS[:rows], {"batch_size": batch_size, "seed": 3}
    after = islice(batches_from(lengths, **own, step=step), 5)
    every = (batch for epoch in count() for batch in epoch_batches(lengths, **own, epoch=epoch))
    assert [batch.tolist() for batch in after] == [b.tolist() for b in islice(every, step, step + 5)]


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


def test_rows_are_asked_for_by_length_and_answered_in_their_own_order():
    lengths = [3, 1, 2, 5, 4]
    rows = Rows(tuple(np.arange(length) for length in lengths), None, np.zeros(5))
    asked: list[list[int]] = []

    def ask(indices: np.ndarray) -> torch.Tensor:
        asked.append([lengths[index] for index in indices])
        of_each = torch.from_numpy(indices)[:, None].double()
        return torch.stack([of_each, -of_each])  # two slots, one number a row

    answers = in_length_order(rows, 2, ask)
    assert asked == [[1, 2], [3, 4], [5]]
    assert answers.squeeze(-1).tolist() == [[0, 1, 2, 3, 4], [0, -1, -2, -3, -4]]
    assert torch.equal(in_length_order(rows, 3, lambda indices: ask(indices)[0]), answers[0])
