"""Rows keep texts and labels together; a batch is padded to its own longest row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.rows import Rows, padded_inputs

PAD = 7


def rows_of(lengths: list[int], *, typed: bool = False) -> Rows:
    """Row i holds the tokens 100 i, 100 i + 1, ... and the label i."""
    ids = tuple(np.arange(length, dtype=np.int64) + 100 * i for i, length in enumerate(lengths))
    types = tuple(np.ones_like(row) for row in ids) if typed else None
    return Rows(ids, types, np.arange(len(lengths), dtype=np.int64))


def test_take_keeps_each_row_with_its_label_and_token_types() -> None:
    taken = rows_of([3, 1, 2], typed=True).take([2, 0])
    assert [row.tolist() for row in taken.input_ids] == [[200, 201], [0, 1, 2]]
    assert taken.token_type_ids is not None
    assert [row.tolist() for row in taken.token_type_ids] == [[1, 1], [1, 1, 1]]
    assert taken.labels.tolist() == [2, 0]
    assert len(taken) == 2


def test_take_of_nothing_is_empty() -> None:
    assert len(rows_of([3, 1]).take([])) == 0


def test_a_batch_is_padded_on_the_right_to_the_longest_row_present() -> None:
    inputs = padded_inputs(rows_of([3, 9, 1], typed=True), [2, 0], pad_token_id=PAD)
    assert inputs["input_ids"].tolist() == [[200, PAD, PAD], [0, 1, 2]]
    assert inputs["attention_mask"].tolist() == [[1, 0, 0], [1, 1, 1]]
    assert inputs["token_type_ids"].tolist() == [[1, 0, 0], [1, 1, 1]]


def test_without_token_types_there_is_no_such_input() -> None:
    assert padded_inputs(rows_of([3]), [0], pad_token_id=PAD).keys() == {"input_ids", "attention_mask"}


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.data())
def test_the_mask_gives_back_the_rows(lengths: list[int], data: st.DataObject) -> None:
    rows = rows_of(lengths)
    indices = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=8))
    inputs = padded_inputs(rows, indices, pad_token_id=0)
    assert inputs["input_ids"].shape == (len(indices), max(lengths[i] for i in indices))
    assert all(array.dtype == np.int64 for array in inputs.values())
    for index, ids, mask in zip(indices, inputs["input_ids"], inputs["attention_mask"], strict=True):
        np.testing.assert_array_equal(ids[mask.astype(bool)], rows.input_ids[index])


def test_a_batch_of_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        padded_inputs(rows_of([3]), [], pad_token_id=PAD)


def test_rows_must_have_as_many_labels() -> None:
    with pytest.raises(ValueError, match="2 rows of input_ids need as many labels, not 1"):
        Rows((np.arange(2), np.arange(3)), None, np.zeros(1, dtype=np.int64))


def test_token_types_must_be_as_long_as_the_rows() -> None:
    with pytest.raises(ValueError, match="lengths of input_ids"):
        Rows((np.arange(2),), (np.arange(3),), np.zeros(1, dtype=np.int64))
