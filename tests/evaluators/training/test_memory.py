"""Running out of memory, and how much was used."""

from __future__ import annotations

import sys

import pytest
import torch

from evaluators.training.memory import is_out_of_memory, peak_memory, reset_peak_memory


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (MemoryError(), True),
        (RuntimeError("size mismatch"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected


def test_the_peak_begins_anew_after_a_reset():
    """Of two hundred megabytes that are given back at once, as is seen in the resident set on Linux."""
    cpu = torch.device("cpu")
    bytearray(b"x" * 200_000_000)
    high = peak_memory(cpu)
    reset_peak_memory(cpu)
    assert peak_memory(cpu) < high - 150_000_000 or sys.platform != "linux"


def test_peak_memory_of_a_cpu_is_the_process_s_and_never_falls():
    before = peak_memory(torch.device("cpu"))
    torch.ones(4_000_000).sum()
    assert peak_memory(torch.device("cpu")) >= before > 10**7
