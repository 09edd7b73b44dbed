"""Whatever others raise is one InputError; what is ours passes."""

from __future__ import annotations

import pytest
import torch

from spaces.errors import InputError, UsageError
from spaces.foreign import foreign


class Panic(BaseException):
    """As Rust's, which pyo3 derives from BaseException."""


@pytest.mark.parametrize(
    "error",
    [ValueError("no\ngood."), RecursionError("deep"), MemoryError(), KeyError("a"), Panic("at lib.rs:1")],
)
def test_anything_raised_is_one_line_with_its_type_and_its_cause(error):
    said = rf"^it is bad \({type(error).__name__}.*\); mend it\.$"
    with pytest.raises(InputError, match=said) as caught, foreign("it is bad", "mend it."):
        raise error
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is error


def test_a_long_reason_is_cut():
    with pytest.raises(InputError) as caught, foreign("bad", "mend it."):
        raise ValueError("x" * 100_000)
    assert len(str(caught.value)) < 300


PASS = [InputError("a"), UsageError("b"), KeyboardInterrupt(), SystemExit(3), torch.OutOfMemoryError("c")]


@pytest.mark.parametrize("error", PASS)
def test_our_errors_interruptions_and_a_gpu_s_lack_of_memory_pass(error):
    with pytest.raises(type(error)) as caught, foreign("bad", "mend it."):
        raise error
    assert caught.value is error
