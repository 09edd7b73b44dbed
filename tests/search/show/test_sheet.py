"""What a command prints is what its files hold."""

from __future__ import annotations

from search.show.sheet import Sheet
from search.show.table import Column, Table, TableRow, word_cell


def table(caption: str = "", name: str = "") -> Table:
    return Table(caption, (Column("proxy", ("proxy",), words=True),), (TableRow((word_cell("s*r"),)),), name)


def test_text_sets_the_parts_apart():
    sheet = Sheet("Use it.", (table(), ("a note", "a word " * 20)))
    blocks = sheet.text.split("\n\n")
    assert blocks[:2] == ["Use it.", "proxy\ns*r"]
    assert blocks[2].startswith("a note\na word")
    assert max(map(len, blocks[2].split("\n"))) <= 80


def test_markdown_has_a_heading_tables_and_a_list():
    sheet = Sheet("Use `it`.", (table("Cards"), ("x < y",)))
    assert sheet.markdown.split("\n\n") == [
        r"# Use \`it\`.",
        "**Cards**",
        "| proxy |\n|---|\n| s\\*r |",
        "- x \\< y\n",
    ]


def test_without_a_headline_the_first_part_comes_first():
    assert Sheet("", (("about",), ())).text == "about"
    assert Sheet("", (("about",), ())).markdown == "- about\n"


def test_every_table_has_a_file_and_all_of_it_is_in_one(tmp_path):
    sheet = Sheet("Use it.", (table(), table(name="text"))).with_sentences("saved")
    sheet.write(tmp_path, "result")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result-text.csv", "result.csv", "result.md"]
    assert (tmp_path / "result.csv").read_text() == "proxy\ns*r\n"
    assert (tmp_path / "result.md").read_text() == sheet.markdown
    assert sheet.text.endswith("\n\nsaved")
