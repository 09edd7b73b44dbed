"""What follows from a record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spaces.objective import Architecture
from tests.evaluators.adapters.test_adapter_config import RECORD


@pytest.mark.parametrize(
    ("architecture", "names", "outputs"),
    [
        ("sequence_classification", ("a", "b", "c"), 3),
        ("sequence_classification", (), 1),
        ("causal_lm", (), None),
    ],
)
def test_a_head_has_an_output_for_each_label_and_one_of_regression(
    architecture: Architecture, names: tuple[str, ...], outputs: int | None
) -> None:
    assert replace(RECORD, architecture=architecture, label_names=names).num_labels == outputs
