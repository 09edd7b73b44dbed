"""The first rows, in order, whole."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.data.rows import Rows
from search.job.first_batches import first_batches


@pytest.mark.parametrize(("size", "count", "sizes"), [(4, 2, [4, 4]), (4, 9, [4, 4, 2]), (16, 1, [10])])
def test_batches_are_the_first_rows_in_order(tiny_model, size, count, sizes):
    rng = np.random.default_rng(0)
    ids = tuple(rng.integers(4, 100, rng.integers(3, 9)) for _ in range(10))
    rows = Rows(ids, None, np.arange(10) % 2)
    model = tiny_model("bert")
    batches = first_batches(model, rows, size=size, count=count)
    assert [len(batch.labels) for batch in batches] == sizes
    seen = [
        row[mask.bool()].tolist()
        for batch in batches
        for row, mask in zip(batch.inputs["input_ids"], batch.inputs["attention_mask"], strict=True)
    ]
    assert seen == [row.tolist() for row in ids[: sum(sizes)]]
    assert np.concatenate([batch.labels for batch in batches]).tolist() == rows.labels[: sum(sizes)].tolist()
