"""Which batches a warm-up trains on."""

from __future__ import annotations

import logging

import pytest

from proxies.measure.warm_up import WarmUp
from spaces.errors import InputError, UsageError


@pytest.mark.parametrize(("count", "held", "expected"), [(2, None, 1), (3, None, 1), (8, None, 2), (8, 5, 5)])
def test_the_last_batches_are_held_by_default_a_quarter_of_them(count, held, expected):
    batches = list(range(count))
    training, measured = WarmUp(held_batches=held).split(batches)
    assert [*training, *measured] == batches
    assert len(measured) == expected


def test_a_single_batch_is_used_for_both_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert WarmUp().split(["only"]) == (("only",), ("only",))
    assert "trained and measured on the same, only batch" in caplog.text


def test_holding_every_batch_is_refused():
    with pytest.raises(InputError, match="held_batches=3 leaves none of 3 batches to train"):
        WarmUp(held_batches=3).split([1, 2, 3])


@pytest.mark.parametrize("name", ["steps", "rank", "held_batches"])
def test_counts_below_one_are_refused(name):
    with pytest.raises(UsageError, match=f"warm-up's {name}=0 must be at least 1"):
        WarmUp(**{name: 0})


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_learning_rate_that_is_not_positive_and_finite_is_refused(rate):
    with pytest.raises(UsageError, match=r"learning_rate=.* must be positive and finite"):
        WarmUp(learning_rate=rate)
