"""A text of any length goes through attributes that MySQL can keep, and half of one is none."""

from __future__ import annotations

import json

import pytest

from search.shared.long_text import attributes_of, texts_in

MYSQL_TEXT = 65_535  # bytes: https://dev.mysql.com/doc/refman/8.4/en/storage-requirements.html, TEXT


@pytest.mark.parametrize("size", [0, 1, 29_999, 30_000, 30_001, 200_000])
def test_all_of_it_comes_back_and_each_part_fits_though_it_is_quoted(size):
    text = ('"\\' * size)[:size]
    attributes = attributes_of("result", text)
    assert texts_in(attributes) == {"result": text}
    assert max(len(json.dumps(one)) for one in attributes.values()) <= MYSQL_TEXT


def test_what_was_cut_short_by_a_kill_is_not_there():
    attributes = attributes_of("result", "x" * 100_000)
    for kept in range(len(attributes)):
        assert texts_in(dict(list(attributes.items())[:kept])) == {}
