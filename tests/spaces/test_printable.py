"""Names of others move, colour and reorder nothing where they are shown."""

from __future__ import annotations

import logging

from hypothesis import given
from hypothesis import strategies as st

from spaces.printable import PrintableFormatter, printable, printable_lines, quoted, shortened
from tests.nasty import NASTY


def test_control_and_direction_characters_become_escapes():
    assert printable(NASTY) == 'a$b_{\\x1b[31m}<b>"&%/..\\u202e\\n'
    assert printable("\x00\x7f\x9b\u2028\ud800") == "\\x00\\x7f\\x9b\\u2028\\ud800"


def test_letters_of_all_scripts_stay():
    text = "naïve 漢字 हिन्दी\u200d עברית 🙂"
    assert printable(text) == text


def test_lines_stay_apart():
    assert printable_lines("a\x1b\nb\r") == "a\\x1b\nb\\r"


def test_a_log_record_is_escaped_with_its_arguments_and_traceback():
    record = logging.LogRecord("x", logging.INFO, "x", 1, "label %s\n", (NASTY,), None)
    assert PrintableFormatter("%(message)s").format(record) == f"label {printable(NASTY[:-1])}\n\n"


@given(st.text())
def test_what_is_printable_is_one_line_and_stays_as_it_is(text):
    assert "\n" not in printable(text)
    assert printable(printable(text)) == printable(text)


def test_a_long_text_is_quoted_by_its_beginning():
    assert quoted("a\x1b") == "'a\\x1b'"
    assert quoted("x" * 5000) == f"'{'x' * 60}'... (5,000 characters)"


def test_a_long_name_keeps_its_beginning_and_end():
    assert shortened("short", 8) == "short"
    assert shortened("abcdefghijklmnop", 9) == "abc...nop"
    assert len(shortened("x" * 50, 10)) == 10
