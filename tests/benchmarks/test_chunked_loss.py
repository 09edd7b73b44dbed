"""What a step of the chunked loss needs."""

from __future__ import annotations

import sys

import pytest

from benchmarks.chunked_loss import measure


@pytest.mark.skipif(sys.platform != "linux", reason="only there the peak begins anew")
def test_the_peak_is_that_of_the_steps_and_not_of_what_came_before():
    bytearray(b"x" * 400_000_000)
    found = measure("plain", 2_000, 1, "cpu")
    assert 10 < found["peak_mb"] < 300  # logits of 16 MB, their softmax and its gradient
