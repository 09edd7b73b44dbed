"""Values of a command line are read, or argparse is told why not."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.cli.value_types import TYPES, decimal_value, decimals, names, path, text_value, whole_value


def test_values_are_read_as_they_are_typed():
    assert text_value("lora[q] +\n shortcut") == "lora[q] +\n shortcut"
    assert path("a?b%20$c\n") == Path("a?b%20$c\n")
    assert names(" a, ,b ") == ("a", "b")
    assert names("") == names(" ") == names(",") == ()
    assert (whole_value("-3"), whole_value(" 12 ")) == (-3, 12)
    assert (decimal_value("3e-4"), decimal_value("7")) == (3e-4, 7.0)
    assert decimals("1e-3, 2") == (1e-3, 2.0)


@pytest.mark.parametrize("kind", TYPES)
@given(value=st.text())
def test_anything_else_is_refused_as_argparse_asks(kind, value):
    with suppress(ArgumentTypeError):
        kind(value)
