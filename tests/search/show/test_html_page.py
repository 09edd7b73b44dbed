"""Pages share one style, and show every text as it is."""

from __future__ import annotations

import pytest

from search.show.html_page import html_page, page_picture
from search.show.table import Column, Table, TableRow, word_cell
from spaces.show.picture import new_figure, save_png


def test_a_page_has_the_shared_style_and_every_text_is_escaped():
    table = Table("", (Column("<b>name</b>", ("name",), words=True),), (TableRow((word_cell("a & b"),)),))
    values = {
        "title": "<i>t</i>",
        "verdict": "No.",
        "facts": [],
        "finalists": [table],
        "sentences": ["<script>alert(1)</script>"],
        "plots": [],
        "table": table,
        "maps": [],
    }
    page = html_page("search.mirror", "live_page.html.jinja", values)
    assert "@media (prefers-color-scheme: dark)" in page
    for escaped in ("&lt;b&gt;name", "a &amp; b", "&lt;i&gt;t", "&lt;script&gt;"):
        assert escaped in page
    assert "<script" not in page


def test_a_picture_is_embedded_at_the_size_of_its_dots(tmp_path):
    save_png(new_figure(4, 2), tmp_path / "a.png")  # 160 dots an inch
    found = page_picture((tmp_path / "a.png").read_bytes(), caption="c", finding="f")
    assert (found.width, found.height) == (400, 200)
    assert found.source.startswith("data:image/png;base64,")


def test_what_is_no_picture_is_refused_by_name():
    with pytest.raises(ValueError, match=r"a\.png is not a PNG"):
        page_picture(b"text", caption="c", finding="f", name="a.png")
