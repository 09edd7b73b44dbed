"""Rows of cells become columns of equal width."""

from search.aligned_text import aligned


def test_columns_line_up_and_lines_have_no_trailing_space():
    lines = aligned([("proxy", "rho", ""), ("grad_norm", "+0.62 [+0.41, +0.78]", "*"), ("snip", "-", "")])
    assert lines == ["proxy      rho", "grad_norm  +0.62 [+0.41, +0.78]  *", "snip       -"]
