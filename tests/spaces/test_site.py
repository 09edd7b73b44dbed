import dataclasses

import pytest

from spaces import Site, Tap


@pytest.fixture
def fc1() -> Site:
    return Site("layers.0.fc1", 0, "fc1", "lora", 8, 32, Tap("fc1", "in"), Tap("fc1", "out"))


def test_a_unit_of_rank_costs_a_row_of_a_and_a_column_of_b(fc1: Site) -> None:
    assert fc1.cost_per_rank == 8 + 32


def test_the_full_rank_is_the_smaller_dimension(fc1: Site) -> None:
    assert fc1.max_rank == 8


def test_equal_sites_are_equal_values_that_cannot_change(fc1: Site) -> None:
    assert {fc1: 1}[dataclasses.replace(fc1)] == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        fc1.layer = 1  # type: ignore[misc]
