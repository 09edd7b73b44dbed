"""JSON of others is a value of the shape asked for, or one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.errors import InputError
from spaces.foreign_json import (
    Shape,
    anything,
    boolean,
    fields,
    list_of,
    number,
    object_of,
    one_of,
    optional,
    parse_json,
    positive,
    read_json,
    text,
    whole_number,
)

SHAPE = fields(
    name=text,
    on=boolean,
    rate=positive,
    rule=one_of("a", "b"),
    ranks=object_of(whole_number(0, 100)),
    sizes=list_of(number),
    note=optional(text),
)
GOOD = (
    '{"name": "x\\u001b", "on": true, "rate": 1, "rule": "a", "ranks": {"layers.0.q": 3}, '
    '"sizes": [1, 2.5], "more": 1}'
)


def parse(content: str | bytes, shape: Shape[Any] = SHAPE) -> Any:
    return parse_json(content, shape, source="file.json", remedy="save it again")


def test_what_fits_comes_back_typed_without_what_was_not_asked_for() -> None:
    assert parse(GOOD) == {
        "name": "x\x1b",
        "on": True,
        "rate": 1.0,
        "rule": "a",
        "ranks": {"layers.0.q": 3},
        "sizes": (1.0, 2.5),
        "note": None,
    }
    assert parse("[[1]]", anything) == [[1]]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"x\\u001b"', "null", "name must be a string, not None"),
        ("true", "1", "on must be true or false, not 1"),
        ('"rate": 1', '"rate": 0', "rate must be above 0, not 0"),
        ('"rate": 1', '"rate": true', "rate must be a finite number, not True"),
        ('"rate": 1', '"rate": 1e400', "rate must be a finite number, not inf"),
        ('"rate": 1', '"rate": NaN', "rate must be a finite number, not nan"),
        ('"rate": 1', f'"rate": {10**400}', r"rate must be a finite number, not 10+\.\.\.0+"),
        ('"a"', '"c"', r"rule must be one of \['a', 'b'\], not 'c'"),
        ('"a"', "[]", r"rule must be one of \['a', 'b'\], not \[\]"),
        ("3}", "101}", r"ranks\['layers.0.q'\] must be a whole number from 0 to 100, not 101"),
        ("3}", "3.0}", r"ranks\['layers.0.q'\] must be a whole number from 0 to 100, not 3.0"),
        (
            '"layers.0.q": 3',
            '"\\u001b": -1',
            r"ranks\['\\x1b'\] must be a whole number from 0 to 100, not -1",
        ),
        ("2.5", '"2.5"', r"sizes\[1\] must be a finite number, not '2.5'"),
        ("[1, 2.5]", "{}", r"sizes must be a list, not \{\}"),
        ('{"layers.0.q": 3}', "[]", r"ranks must be an object, not \[\]"),
        ('"more"', '"note": [], "more"', r"note must be a string, not \[\]"),
        ('"sizes"', '"size"', "sizes must be a list, not None"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError, match=rf"^file.json: {message}; save it again\.$"):
        parse(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, '{"a":' * 100_000, "9" * 5000, b"\xff\xfe\x00", "\0"]
)
def test_what_is_no_json_is_one_line(content: str | bytes) -> None:
    with pytest.raises(InputError, match=r"^file.json cannot be read \(.*\); save it again\.$"):
        parse(content)


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    for file, reason in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=rf"cannot be read \({reason}.*\); save it again\.$"):
            read_json(file, SHAPE, remedy="save it again")


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "good").write_text(GOOD)
    assert read_json(tmp_path / "good", SHAPE, remedy="save it again") == parse(GOOD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(list(parse(GOOD))), inner),
    max_leaves=8,
)


def said_of(content: str | bytes) -> str:
    try:
        parse(content)
    except InputError as error:
        return str(error)
    return ""


@given(JSON)
def test_nothing_but_an_input_error_comes_of_any_json(value: object) -> None:
    assert "\n" not in said_of(json.dumps(value))
    assert "\n" not in said_of(json.dumps({**parse(GOOD), "ranks": value}))
    assert "sizes" in said_of(json.dumps({**parse(GOOD), "sizes": [[value]]}))


@given(st.binary())
def test_nothing_but_an_input_error_comes_of_any_bytes(content: bytes) -> None:
    assert "\n" not in said_of(content)
