"""Rows of cells become columns of equal width that fit a terminal."""

from search.show.aligned_text import aligned, wrapped
from tests.nasty import NASTY


def test_columns_line_up_and_lines_have_no_trailing_space():
    lines = aligned([("proxy", "rho", ""), ("grad_norm", "+0.62 [+0.41, +0.78]", "*"), ("snip", "-", "")])
    assert lines == ["proxy      rho", "grad_norm  +0.62 [+0.41, +0.78]  *", "snip       -"]


def test_numbers_stand_on_the_right():
    assert aligned([("a", "1"), ("b", "23")], right=(1,)) == ["a   1", "b  23"]


def test_a_long_name_goes_on_below_itself_cut_after_a_mark():
    lines = aligned([("name", "value"), ("spectrum/exact+snip/exact", "1.0")], width=24)
    assert lines == ["name               value", "spectrum/exact+    1.0", "snip/exact"]


def test_a_name_without_marks_is_cut_anywhere():
    lines = aligned([("x" * 50, "1")], width=20)
    assert lines == ["x" * 17 + "  1", "x" * 17, "x" * 16]


def test_columns_that_do_not_fit_follow_under_the_names_again():
    rows = [("name", *(f"column {i}" for i in range(9))), ("lora", *map(str, range(9)))]
    lines = aligned(rows, width=40)
    assert max(map(len, lines)) <= 40
    assert [line.split()[0] for line in lines if line] == ["name", "lora"] * 3
    assert lines.count("") == 2
    assert [cell for line in lines if line.startswith("lora") for cell in line.split()[1:]] == list(
        "012345678"
    )


def test_no_line_is_ever_wider():
    rows = [tuple(f"{name * 30} {i}" for i in range(6)) for name in ("ab", "c/", "漢")]
    lines = aligned(rows, width=50)
    assert max(len(line) + line.count("漢") for line in lines) <= 50


def test_wide_letters_take_two_columns():
    assert aligned([("漢字", "1"), ("abcd", "2")]) == ["漢字  1", "abcd  2"]


def test_a_cell_stays_a_cell_whatever_it_holds():
    assert aligned([(NASTY, "1")]) == ['a$b_{\\x1b[31m}<b>"&%/..\\u202e\\n  1']


def test_sentences_are_wrapped_between_words_and_paths_stay_whole():
    path = "/" + "x" * 90
    assert wrapped(f"saved in {path}: a file") == ["saved in", f"  {path}:", "  a file"]
    assert wrapped("") == [""]
