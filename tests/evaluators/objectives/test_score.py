"""Losses and metrics of logits."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.score import row_losses, score_logits
from evaluators.training.memory import is_out_of_memory, peak_memory, reset_peak_memory


def task_of(labels, names=("0", "1"), metric="accuracy"):
    rows = Rows(tuple(np.array([5]) for _ in labels), None, np.asarray(labels))
    return Task("t", metric, names, rows, rows, rows)


def test_the_loss_of_a_row_is_its_cross_entropy_or_squared_error():
    logits, labels = torch.tensor([[1.0, 3.0], [0.5, 0.5]]), torch.tensor([1, 0])
    expected = torch.stack([torch.log(1 + torch.exp(torch.tensor(-2.0))), torch.log(torch.tensor(2.0))])
    torch.testing.assert_close(row_losses(logits, labels), expected)
    torch.testing.assert_close(
        row_losses(torch.tensor([[1.5], [0.0]]), torch.tensor([1.0, -2.0])), torch.tensor([0.25, 4.0])
    )


def test_a_score_is_the_metric_and_the_mean_loss():
    task = task_of([1, 0, 1, 1])
    logits = torch.tensor([[0.0, 1.0], [2.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    metric, loss = score_logits(logits, task.test, task)
    assert metric == 0.75
    assert loss == pytest.approx(float(row_losses(logits, torch.tensor([1, 0, 1, 1])).mean()))


@pytest.mark.parametrize(("positive", "expected"), [("fraud", 0.0), ("legit", 2 * 3 / (2 * 3 + 1))])
def test_f1_is_of_the_label_that_the_task_names(positive, expected):
    rows = task_of([0, 1, 1, 1]).test
    task = Task("t", "f1", ("fraud", "legit"), rows, rows, rows, positive)
    metric, _ = score_logits(torch.tensor([[0.0, 1.0]] * 4), task.test, task)
    assert metric == pytest.approx(expected)


def test_outputs_that_are_not_finite_have_no_score():
    task = task_of([1, 0])
    assert score_logits(torch.tensor([[0.0, float("nan")], [1.0, 0.0]]), task.test, task) is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
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
