"""One table, three ways: text for a person, Markdown for an issue, CSV for a program."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

from search.show.table import Column, Table, TableCell, TableRow, count_cell, interval_cell, word_cell
from search.statistics.interval import Interval
from tests.nasty import NASTY

COLUMNS = (
    Column("name", ("name",), words=True),
    Column("minus uniform", ("minus", "minus_low", "minus_high")),
    Column("parameters", ("parameters",), right=True),
)
THIRD = 1 / 3
ROWS = (
    TableRow((word_cell("a|b"), interval_cell(Interval(THIRD, -THIRD, 1.0)), count_cell(12_345))),
    TableRow((word_cell("=1+1"), interval_cell(None), count_cell(None))),
)
TABLE = Table("What was found", COLUMNS, ROWS)


def read(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.csv())))


def test_text_is_rounded_and_aligned_under_its_caption():
    assert TABLE.lines() == [
        "What was found",
        "name  minus uniform               parameters",
        "a|b   +0.3333 [-0.3333, +1.0000]      12,345",
        "=1+1  -                                    -",
    ]


def test_markdown_has_the_same_cells_and_no_name_in_it_is_markup():
    assert TABLE.markdown().split("\n") == [
        "**What was found**",
        "",
        "| name | minus uniform | parameters |",
        "|---|---|---|",
        r"| a\|b | +0.3333 \[-0.3333, +1.0000\] | 12,345 |",
        "| =1+1 | - | - |",
    ]


def test_csv_gives_every_number_back_as_it_was():
    head, first, second = read(TABLE)
    assert head == ["name", "minus", "minus_low", "minus_high", "parameters"]
    assert [float(cell) for cell in first[1:4]] == [THIRD, -THIRD, 1.0]
    assert first[4] == "12345"
    assert second[1:] == [""] * 4


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_text_that_a_spreadsheet_would_compute_is_a_text_there(text):
    ((cell,),) = read(Table("", COLUMNS[:1], (TableRow((word_cell(text),)),)))[1:]
    assert cell.startswith("'")


@pytest.mark.parametrize(
    ("value", "written"),
    [(-0.5, "-0.5"), (np.float64(0.1), "0.1"), (math.nan, ""), (True, "true"), (False, "false"), (0, "0")],
)
def test_values_are_typed(value, written):
    row = TableRow((TableCell("shown", (value,)), TableCell("", ("last",))))
    assert read(Table("", (Column("a", ("a",)), Column("b", ("b",))), (row,)))[1] == [written, "last"]


def test_names_of_others_stay_in_their_cells():
    table = Table("", COLUMNS[:1], (TableRow((word_cell(f'{NASTY}\n,"'),)),))
    assert len(read(table)) == 2
    assert len(table.markdown().split("\n")) == 3
    assert table.csv().isascii()


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\('x',\) has values \[1\], its columns fields \[1, 3, 1\]"):
        Table("", COLUMNS, (TableRow((word_cell("x"),)),))
