"""What configurations call the tokens that a model was made to read, and those that say nothing."""

from __future__ import annotations

import pytest

from evaluators.data.stated_positions import stated_positions
from tests.model_types import tiny_model_of


@pytest.mark.parametrize(
    ("model_type", "stated"),
    [("bert", 64), ("llama", 64), ("gpt2", 64), ("mpt", 64), ("bloom", None), ("xlnet", None)],
)
def test_it_is_what_the_configuration_states(model_type: str, stated: int | None) -> None:
    assert stated_positions(tiny_model_of(model_type)) == stated
