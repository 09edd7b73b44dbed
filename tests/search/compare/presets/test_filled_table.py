"""A paper's table with our numbers, as text and as JSON."""

from __future__ import annotations

from pathlib import Path

from search.compare.presets.filled_table import FilledTable
from search.compare.presets.preset import Number
from search.compare.presets.registry import PRESETS


def test_ours_stands_beside_theirs_and_below_what_it_is_of():
    ours = {("Static", "SNIP"): Number(80.0, 1.0), ("Baseline", "r=2"): Number(81.0)}
    table = FilledTable(PRESETS["heterolora-table2"], ours, ("mrpc, lora: tiny",), ("a note",), Path("DIR"))
    lines = table.sheet.text.splitlines()
    assert "80.0 ± 1.0 (-1.0) | 82.8 (-1.0)" in table.sheet.text
    assert lines[-2:] == ["ours: mrpc, lora: tiny", "note: a note"]
    held = table.to_json()
    assert held["cells"][0] == {"row": "Static", "column": "SNIP", "value": 80.0, "sd": 1.0, "rank": None}
    assert (held["preset"], held["seeds"]) == ("heterolora-table2", [0, 13, 42, 87, 100])
