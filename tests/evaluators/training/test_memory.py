"""Running out of memory, and how much was used."""

from __future__ import annotations

import sys

import pytest
import torch

from evaluators.training.memory import give_back_unused, is_out_of_memory, peak_memory, reset_peak_memory


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (torch.OutOfMemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"), True),  # Windows
        (RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB, max allowed: 9.07 GB)"), True),
        (torch.AcceleratorError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (MemoryError(), True),
        (RuntimeError("size mismatch"), False),
        (RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected


@pytest.mark.parametrize(("device", "of"), [("cuda:1", ["cuda"]), ("mps", ["mps"]), ("cpu", [])])
def test_what_a_gpu_does_not_use_is_given_back(monkeypatch, device, of):
    given: list[str] = []
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: given.append("cuda"))
    monkeypatch.setattr("torch.mps.empty_cache", lambda: given.append("mps"))
    give_back_unused(torch.device(device))
    assert given == of


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
