"""A batch is what ``padded_inputs`` and the labels give, with the model's own pad token, where it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows, padded_inputs

ROWS = Rows((np.array([5, 6, 7]), np.array([8])), (np.array([0, 0, 1]), np.array([0])), np.array([0, 1]))


@pytest.mark.parametrize("least", [0, 6])
def test_it_is_the_padded_rows_as_tensors(tiny_model, least):
    model = tiny_model("bert")
    batch = batch_of(model, ROWS, [1, 0], least=least)
    given = batch.inputs
    expected = padded_inputs(ROWS, [1, 0], pad_token_id=model.config.pad_token_id, least=least)
    assert given.keys() == expected.keys() == {"input_ids", "attention_mask", "token_type_ids"}
    for name, array in expected.items():
        torch.testing.assert_close(given[name], torch.from_numpy(array), rtol=0, atol=0)
        assert given[name].shape == (2, max(3, least))
    assert (given["input_ids"][0, 1:] == model.config.pad_token_id).all()
    assert batch.labels.tolist() == [1, 0]


@pytest.mark.parametrize("least", [0, 5])
def test_labels_that_are_tokens_are_padded_with_what_is_no_target(tiny_model, least):
    rows = Rows(ROWS.input_ids, None, (np.array([-100, 6, 7]), np.array([8])))
    batch = batch_of(tiny_model("bert"), rows, [1, 0], least=least)
    more = [-100] * max(0, least - 3)
    assert batch.labels.tolist() == [[8, -100, -100, *more], [-100, 6, 7, *more]]
    assert batch.labels.shape == batch.inputs["input_ids"].shape
