"""What is shown cannot steer a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spaces.plain_text import is_plain, plain, shown


@given(st.text())
def test_plain_text_is_plain_and_as_long(text):
    assert is_plain(plain(text))
    assert len(plain(text)) == len(text)
    assert (plain(text) == text) == is_plain(text)


def test_what_stands_for_itself_stays():
    for text in ("a b", "straße", "日本語", "👩‍🚀", "می‌خواهم", "$x^2$"):
        assert plain(text) == text


def test_what_steers_does_not():
    assert plain("a\x1b[31m\0\n\r\u202e\u2028\ud800\x9b") == "a?[31m???????"


def test_long_text_shows_its_beginning():
    assert shown("ab") == "'ab'"
    assert shown("x" * 5000) == f"'{'x' * 60}'... (5,000 characters)"
