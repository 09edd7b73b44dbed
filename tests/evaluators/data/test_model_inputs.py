"""A batch is what ``padded_inputs`` gives, with the model's own pad token, where the model is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from evaluators.data.model_inputs import model_inputs
from evaluators.data.rows import Rows, padded_inputs

ROWS = Rows((np.array([5, 6, 7]), np.array([8])), (np.array([0, 0, 1]), np.array([0])), np.array([0, 1]))


@pytest.mark.parametrize("least", [0, 6])
def test_it_is_the_padded_rows_as_tensors(tiny_model, least):
    model = tiny_model("bert")
    given = model_inputs(model, ROWS, [1, 0], least=least)
    expected = padded_inputs(ROWS, [1, 0], pad_token_id=model.config.pad_token_id, least=least)
    assert given.keys() == expected.keys() == {"input_ids", "attention_mask", "token_type_ids"}
    for name, array in expected.items():
        torch.testing.assert_close(given[name], torch.from_numpy(array), rtol=0, atol=0)
        assert given[name].shape == (2, max(3, least))
    assert (given["input_ids"][0, 1:] == model.config.pad_token_id).all()
