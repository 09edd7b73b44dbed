"""Amounts of memory, read and written."""

from __future__ import annotations

import pytest

from spaces.errors import UsageError
from spaces.memory_size import parse_memory, written_bytes


@pytest.mark.parametrize(
    ("text", "found"),
    [("2GB", 2_000_000_000), ("500 mb", 500_000_000), ("1.5kB", 1500), ("10%", 80), (" 100% ", 800)],
)
def test_an_amount_is_of_bytes_or_of_a_share_of_the_base_model(text, found):
    assert parse_memory(text).bytes_of(800) == found


@pytest.mark.parametrize("text", ["", "2", "0GB", "-1GB", "2GiB", "1e9", "GB", "10 %%", "9" * 20 + "GB"])
def test_anything_else_is_refused_by_the_name_of_the_argument(text):
    with pytest.raises(UsageError, match=r"`scoring_memory=.*write 500MB, 2GB, or 10% of the base model"):
        parse_memory(text)


def test_an_amount_is_written_in_three_digits():
    assert written_bytes(424_673_280) == "425 MB"
