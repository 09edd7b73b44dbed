"""What a TOML file says is read by type, and what is wrong is named by file and key."""

from __future__ import annotations

import pytest

from search.compare.presets.toml_section import TomlSection

VALUES = {"name": "x", "rank": 8, "rate": 1, "on": True, "ranks": [1, 2], "of": {"a": 1}, "rows": [{"b": 2}]}
SECTION = TomlSection("a.toml: paper", VALUES)


def test_values_are_read_by_type_and_a_whole_number_is_a_number():
    assert (SECTION.need("name", str), SECTION.need("rank", int), SECTION.need("on", bool)) == ("x", 8, True)
    assert type(SECTION.need("rate", float)) is float
    assert SECTION.several("ranks", int) == (1, 2)
    assert SECTION.named("of", int) == {"a": 1}
    assert [row.need("b", int) for row in SECTION.sections("rows")] == [2]


def test_what_is_not_there_is_none_or_empty():
    assert SECTION.get("gone", str) is None
    assert SECTION.several("gone", str) == SECTION.sections("gone") == ()
    assert SECTION.named("gone", str) == {}


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: SECTION.need("gone", str), r"a\.toml: paper\.gone is missing; it must be a text"),
        (lambda: SECTION.need("on", int), r"paper\.on = True must be a whole number"),
        (lambda: SECTION.get("name", float), r"paper\.name = 'x' must be a number"),
        (lambda: SECTION.several("ranks", str), r"paper\.ranks\[0\] = 1 must be a text"),
        (lambda: SECTION.several("name", str), r"paper\.name = 'x' must be a list"),
        (lambda: SECTION.named("of", str), r"paper\.of\.a = 1 must be a text"),
        (lambda: SECTION.section("name"), r"paper\.name = 'x' must be a table"),
        (lambda: SECTION.sections("of"), r"paper\.of must be a list of tables"),
        (lambda: SECTION.sections("rows")[0].need("c", int), r"paper\.rows\[0\]\.c is missing"),
        (lambda: SECTION.only(("name", "rank", "rate", "on", "ranks", "of")), r"paper\.rows is unknown"),
    ],
)
def test_what_is_wrong_is_named(read, message):
    with pytest.raises(ValueError, match=message):
        read()
