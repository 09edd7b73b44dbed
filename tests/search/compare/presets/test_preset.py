"""A table as data, and its text with our numbers beside the paper's."""

from __future__ import annotations

import re

import pytest

from search.compare.presets.preset import Cell, Number, Preset, PresetArm, layout
from spaces.errors import UsageError
from spaces.site import Kind, Site, Tap

ARMS = (
    PresetArm("plain", "lora", "lora[q,v]", "r=2"),
    PresetArm("search", "sora", "lora[q,v]", "r=2", "shortcuts", {"initial": "ones", "rate": "0.1"}),
)
CELLS = (
    Cell("A", "MRPC", "plain", "mrpc", paper=Number(83.0, 0.5)),
    Cell("A", "RTE", "plain", "rte", paper=Number(70.0)),
    Cell("A", "Avg", None, None, paper=Number(76.6)),
    Cell("B", "MRPC", "search", "mrpc", paper=Number(84.0)),
    Cell("B", "RTE", "search", "rte"),
    Cell("B", "Avg", None, None),
)


def preset(cells: tuple[Cell, ...] = CELLS, baseline: tuple[str, str] | None = None) -> Preset:
    columns, means = ("MRPC", "RTE", "Avg"), frozenset({"Avg"})
    return Preset(
        "p", "Paper, table 1", "m", "mean", (1, 2), columns, ARMS, cells, 1, means, baseline, ("why",)
    )


def cells_of(text: str) -> list[list[str]]:
    """Its table's cells, without the line above."""
    _, table, _ = text.split("\n\n")
    return [re.split(r"\s{2,}", line.strip()) for line in table.split("\n")]


def test_ours_stand_beside_theirs_and_a_dash_where_there_is_none() -> None:
    text = layout(preset(), {("A", "MRPC"): Number(82.04, 1.26)}).text
    assert cells_of(text) == [
        ["MRPC", "RTE", "Avg"],
        ["A", "82.0 ± 1.3 | 83.0 ± 0.5", "- | 70.0", "- | 76.6"],
        ["B", "- | 84.0", "- | -", "- | -"],
    ]
    assert text.startswith("Paper, table 1, m: ours | the paper's; mean over seeds 1, 2\n")
    assert text.endswith("\nnote: why")


def test_the_mean_of_a_row_is_added_when_all_of_it_is_known() -> None:
    ours = {("A", "MRPC"): Number(80.0), ("A", "RTE"): Number(71.0), ("B", "RTE"): Number(60.0)}
    rows = cells_of(layout(preset(), ours).text)
    assert rows[1][3] == "75.5 | 76.6"
    assert rows[2][3] == "- | -"


def test_differences_are_to_the_baseline_of_the_same_side() -> None:
    ours = {("A", "MRPC"): Number(80.0), ("B", "MRPC"): Number(79.5), ("B", "RTE"): Number(81.0)}
    rows = cells_of(layout(preset(baseline=("A", "MRPC")), ours).text)
    assert rows[1][1] == "80.0 | 83.0 ± 0.5"
    assert rows[2][1:3] == ["79.5 (-0.5) | 84.0 (+1.0)", "81.0 (+1.0) | -"]


def test_a_place_that_the_table_has_not_stays_empty() -> None:
    text = layout(preset(CELLS[:1] + CELLS[4:5]), {}).text
    assert cells_of(text)[1:] == [["A", "- | 83.0 ± 0.5"], ["B", "- | -"]]


def test_columns_are_aligned() -> None:
    lines = layout(preset(), {("A", "MRPC"): Number(82.0, 1.0)}).text.split("\n")[2:5]
    assert {line.index(mark) for line, mark in zip(lines, ("RTE", "- | 70.0", "- | -  "), strict=True)} == {
        lines[0].index("RTE")
    }


def test_numbers_are_written_as_the_papers_do() -> None:
    assert Number(84.06, 1.14).text(1) == "84.1 ± 1.1"
    assert Number(87.03, rank=8).text(2) == "87.03 (8)"


def test_an_arm_is_typed_with_its_settings() -> None:
    assert [arm.spec for arm in ARMS] == ["lora", "sora[initial=ones,rate=0.1]"]
    assert [arm.arm.renorm for arm in ARMS] == ["preserve", "paper"]


def test_fixed_ranks_go_by_the_kind_of_site() -> None:
    kinds: tuple[tuple[str, Kind], ...] = (("q", "lora"), ("res1", "residual"), ("cut", "cross"))
    sites = [Site(name, 0, name, kind, 8, 8, Tap(name, "in"), Tap(name, "out")) for name, kind in kinds]
    arm = PresetArm("a", "lora", "lora+shortcut", "1k", ranks={"lora": 2, "cross": 3})
    fixed = arm.arm.start(sites)
    assert fixed is not None
    assert dict(fixed.ranks) == {"q": 2, "cut": 3}
    assert ARMS[0].arm.start(sites) is None


def test_only_keeps_the_cells_and_arms_of_its_data_sets() -> None:
    own = preset().only(["rte"])
    assert (own.datasets, own.columns, own.rows, own.means) == (("rte",), ("RTE",), ("A", "B"), frozenset())
    assert preset(CELLS[:3] + CELLS[3:4]).only(["rte"]).arms == ARMS[:1]
    with pytest.raises(UsageError, match=r"\['sst2'\] are not in p, which has mrpc, rte"):
        preset().only(["mrpc", "sst2"])


@pytest.mark.parametrize(
    "wrong",
    [
        CELLS[0],
        Cell("A", "CoLA", "plain", "cola"),
        Cell("C", "MRPC", "nobody", "mrpc"),
        Cell("C", "MRPC", "plain", None),
        Cell("C", "MRPC", None, "mrpc"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(wrong: Cell) -> None:
    with pytest.raises(ValueError, match=r"^p: "):
        preset((*CELLS, wrong))
