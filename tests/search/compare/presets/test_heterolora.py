"""HeteroLoRA's tables: their budgets, and numbers that the paper prints twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from math import prod

import pytest
from transformers import PreTrainedModel

from search.compare.presets.preset import Preset, Setup, layout
from search.compare.presets.registry import PRESETS, find_settings
from spaces.budget import parse_budget
from spaces.find_sites import find_sites
from spaces.head import Head
from spaces.meta_model import base_params
from tests.objectives import TWO_CLASSES

OPT = "facebook/opt-350m"
Model = Callable[[str], PreTrainedModel]
COUNTS = {  # DESIGN, section 2
    2: {"r=2": 196_608},
    3: {
        "r=24": 2_359_296,
        "r=8": 2_342_912,
        "2,338,816": 2_338_816,
        "r=96": 9_437_184,
        "r=32": 9_371_648,
        "9,355,264": 9_355_264,
    },
    4: {"r=2": 585_728, "r=8": 2_342_912},
    5: {"r=8": 393_216, "r=4": 393_216, "r=2": 393_216},
    10: {"r=2": 585_728},
}


def preset(table: int) -> Preset:
    return PRESETS[f"heterolora-table{table}"]


def params(table: int, label: str, model: PreTrainedModel) -> int:
    arm = preset(table).arm(label)
    sites = find_sites(model, arm.space)
    return parse_budget(arm.budget).max_params(sites, base_params=base_params(model))


def paper(table: int) -> dict[tuple[str, str], float]:
    return {(cell.row, cell.column): cell.paper.value for cell in preset(table).cells if cell.paper}


@pytest.mark.parametrize("table", COUNTS)
def test_budgets_are_the_papers_parameter_counts(table: int, paper_model: Model) -> None:
    model = paper_model(OPT)
    for arm in preset(table).arms:
        assert params(table, arm.label, model) == COUNTS[table][arm.budget]
        if table == 3:
            assert COUNTS[3][arm.budget] / 1e6 == pytest.approx(float(arm.label[:3]), abs=0.06)


def test_table_6_counts_wires_and_head(paper_model: Model) -> None:
    """Printed: 394K, 984K and 689K; the head is OPT-350M's 512 x 2."""
    model = paper_model(OPT)
    head = sum(prod(shape) for shape in Head.shapes(TWO_CLASSES.head(model)).values())
    counts = [(params(6, arm.label, model) + head) // 1000 for arm in preset(6).arms]
    assert (head, counts) == (1024, [394, 984, 984, 984, 689])


def test_fixed_ranks_spend_what_equal_ranks_leave(paper_model: Model) -> None:
    """rL is half of the equal rank; one more rank on every shortcut would exceed the budget."""
    sites = find_sites(paper_model(OPT), "lora+shortcut")
    shortcuts = sum(site.cost_per_rank for site in sites if site.kind != "lora")
    for label, equal, least in (("2.3M rS>rL", 8, 2_342_912), ("9.4M rS>rL", 32, 9_371_648)):
        arm = preset(3).arm(label)
        fixed = arm.arm.start(sites)
        assert fixed is not None
        spent = sum(site.cost_per_rank * fixed.rank(site.name) for site in sites)
        assert arm.ranks["lora"] == equal // 2 < arm.ranks["cross"] == arm.ranks["residual"]
        assert spent == int(arm.budget.replace(",", "")) <= least < spent + shortcuts


def test_a_quarter_of_the_modules_at_rank_8_costs_what_all_do_at_rank_2(paper_model: Model) -> None:
    """Exactly with q and v; with shortcuts a quarter is no whole number of modules."""
    model = paper_model(OPT)
    assert 12 * 8 * 2048 == params(2, "baseline", model) == 2 * 48 * 2048
    sites = find_sites(model, "lora+shortcut")
    lora = sum(site.kind == "lora" for site in sites)
    places = int(0.25 * lora) + round(0.25 * (len(sites) - lora))
    budget = params(4, "r=2 DH & S & L", model)
    assert (lora, len(sites), places) == (48, 143, 36)
    assert (places * 8 * 2048 - budget, (places - 1) * 8 * 2048 - budget) == (4096, -12_288)


def test_table_2_gives_the_differences_that_the_paper_prints() -> None:
    lines = layout(preset(2), {}).text.split("\n")
    printed = {"Static": ("+0.0", "-1.0", "-1.0", "-5.1"), "Dynamic": ("-1.4", "+0.3", "-1.4", "-1.4")}
    for line in lines:
        row = line.split(" ")[0]
        if row in printed and "(" in line:
            assert tuple(part[:4] for part in line.split("(")[1:]) == printed[row]
    assert sum(line.split(" ")[0] in printed for line in lines) == 4  # twice each, for the column r=2 as well


def test_table_4_averages_are_those_of_its_rows() -> None:
    numbers = paper(4)
    for row in preset(4).rows:
        mean = sum(numbers[row, column] for column in ("MRPC", "RTE", "SST-2")) / 3
        assert numbers[row, "Avg."] == pytest.approx(mean, abs=0.1)


def test_tables_3_and_4_share_an_arm_and_tables_4_and_10_another() -> None:
    """SST-2 of the shared arm of tables 3 and 4 is printed as 93.9 and as 93.8."""
    three, four, ten = paper(3), paper(4), paper(10)
    for column, difference in (("MRPC", 0.0), ("RTE", 0.0), ("SST-2", 0.1)):
        assert three["2.3M rS=rL", column] - four["r=8 S & L", column] == pytest.approx(difference)
    for column in ("MRPC", "RTE"):
        assert ten[f"{column} (acc)", "Combined 5"] == four["r=2 DH & S & L", column]


def test_dynamic_arms_are_the_papers() -> None:
    arm = preset(10).arm("Separated 10")
    assert arm.spec == (
        "hetero-dynamic[proxy=grad_norm,frequency=10,enabled=0.25,batches=32,allotment=separated]"
    )
    assert preset(4).arm("r=8 DH & S & L").options["frequency"] == "5"
    assert "frequency" not in preset(2).arm("Static SNIP").options


@pytest.mark.parametrize(
    ("model", "dataset", "setup", "printed"),
    [  # a column of each line of tables 7, 8 and 9: batch, epochs, learning rate
        (OPT, "mrpc", "ft", (16, 10, 2e-5)),
        ("FacebookAI/roberta-large", "mnli", "ft", (32, 5, 2e-5)),
        (OPT, "rte", "lora", (8, 20, 3e-4)),
        ("FacebookAI/roberta-large", "rte", "lora", (8, 20, 4e-4)),
        ("google/gemma-2b", "sst2", "lora", (8, 10, 1e-4)),
        (OPT, "cb", "ft", (16, 10, 5e-5)),
        (OPT, "boolq", "lora", (8, 10, 2e-4)),
        (OPT, "alpaca", "lora", (8, 20, 1e-4)),
        (OPT, "sst2", "shortcuts", (8, 10, 1e-4)),
    ],
)
def test_hyperparameters_are_the_papers(model: str, dataset: str, setup: Setup, printed: object) -> None:
    found = find_settings(model, dataset, setup)
    assert (found.batch_size, found.epochs, found.learning_rate) == printed
    assert (found.weight_decay, found.max_length, found.warmup) == (0.01, 512, None)
    wires = astuple(found)[8:12]  # space, rank, alpha of LoRA, alpha of shortcuts
    assert (
        wires
        == {
            "ft": (None, None, None, None),
            "lora": ("lora[q,v]", 8, 16.0, None),
            "shortcuts": ("lora[q,v]+shortcut", 8, 16.0, 4.0),
        }[setup]
    )


def test_seeds_and_statistic_are_the_papers() -> None:
    tables = [one for name, one in PRESETS.items() if name.startswith("heterolora")]
    assert {(one.seeds, one.statistic, one.model) for one in tables} == {
        ((0, 13, 42, 87, 100), "median", OPT)
    }
