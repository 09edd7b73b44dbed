"""DyLoRA's tables: their ranks and counts, and averages that the paper prints beside their terms."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import pytest
from transformers import PreTrainedModel

from search.compare.presets.preset import Preset
from search.compare.presets.registry import PRESETS, find_settings
from search.methods.registry import policy_of
from spaces.find_sites import find_sites
from spaces.head import Head
from spaces.search_space import SearchSpace, params_per_rank
from tests.objectives import TWO_CLASSES

BASE = "FacebookAI/roberta-base"
Model = Callable[[str], PreTrainedModel]


def preset(table: int) -> Preset:
    return PRESETS[f"dylora-table{table}"]


@pytest.mark.parametrize(
    ("table", "row", "rounding"),
    [
        (2, "Best (Rank) LoRA", 0.01),
        (2, "Best (Rank) DyLoRA (Frozen)", 0.01),
        (2, "Best (Rank) DyLoRA", 0.01),
        (2, "Fine Tune*", 0.1),
        (3, "Fine Tune*, 125M", 0.01),
        (3, "FLOP*, 80M", 0.01),
        (3, "LoRA (1), 0.628M", 0.01),
    ],
)
def test_printed_averages_are_those_of_their_rows(table: int, row: str, rounding: float) -> None:
    """Up to their last digit: the paper averages before it rounds."""
    own = {c.column: c.paper.value for c in preset(table).cells if c.row == row and c.paper}
    average = own.pop("Avg")
    assert len(own) == (8 if table == 2 else 4)
    assert average == pytest.approx(sum(own.values()) / len(own), abs=rounding)


def test_table_3_counts_wires_and_head(paper_model: Model) -> None:
    """Printed, cut after the third digit: 0.628M at rank 1 and 0.887M at rank 8."""
    model = paper_model(BASE)
    head = sum(prod(shape) for shape in Head.shapes(TWO_CLASSES.head(model)).values())
    per_rank = params_per_rank(find_sites(model, "lora[q,v]"))
    assert [(head + rank * per_rank) // 1000 for rank in (1, 8)] == [628, 887]


@pytest.mark.parametrize("table", [2, 3, 4, 7])
def test_dylora_trains_r_max_8_and_cuts_nothing(table: int, paper_model: Model) -> None:
    model = paper_model(BASE)
    space = SearchSpace(find_sites(model, "lora[q,v]"), (0, 8))
    for arm in preset(table).arms:
        if arm.method == "dylora":
            start = policy_of(arm.spec, 8 * space.params_per_rank, model).start(space)
            assert set(dict(start.ranks).values()) == {8}
            assert len(start.ranks) == len(space.sites)


def test_table_2_cuts_one_run_to_every_rank() -> None:
    cells = [cell for cell in preset(2).cells if cell.column == "RTE" and cell.arm == "DyLoRA"]
    assert [cell.ranks for cell in cells] == [*((rank,) for rank in range(1, 9)), tuple(range(1, 9))]
    assert len(preset(2).arms) == 3
    assert preset(2).arm("DyLoRA (Frozen)").options["updates"] == "row"


def test_table_2_and_4_agree_on_which_is_frozen() -> None:
    """Of two rows alike but for it, the frozen one has the lower mean at rank 8, as in table 2."""
    for table, names in ((2, ("DyLoRA", "DyLoRA (Frozen)")), (4, ("Uniform", "Uniform, frozen"))):
        mean = {
            cell.row: cell.paper.value for cell in preset(table).cells if cell.column == "Avg" and cell.paper
        }
        full, frozen = (mean[f"Rank=8 {name}"] for name in names)
        assert full > frozen


def test_arms_differ_in_what_their_table_is_about() -> None:
    assert [arm.spec for arm in preset(4).arms] == [
        "dylora[multiple=1,distribution=geometric,p=0.15]",
        "dylora[multiple=1,distribution=geometric,p=0.15,updates=row]",
        "dylora[multiple=1,distribution=uniform]",
        "dylora[multiple=1,distribution=uniform,updates=row]",
    ]
    assert [arm.options["loss"] for arm in preset(7).arms] == ["one", "sum"]


def test_metrics_are_those_of_the_heads() -> None:
    metric = {cell.column: cell.metric for cell in preset(2).cells if cell.arm == "LoRA"}
    assert metric == {
        "MNLI": "accuracy",
        "SST-2": "accuracy",
        "MRPC": "f1",
        "CoLA": "matthews",
        "QNLI": "accuracy",
        "QQP": "accuracy",
        "RTE": "accuracy",
        "STS-B": "pearson",
    }
    assert {cell.metric for cell in preset(7).cells} == {"seconds", "matthews"}


def test_starred_rows_are_shown_and_not_trained() -> None:
    for table in (2, 3):
        starred = [cell for cell in preset(table).cells if "*" in cell.row]
        assert starred
        assert {cell.arm for cell in starred} == {None}
        assert all(cell.paper is not None for cell in starred)


@pytest.mark.parametrize("dataset", ["mnli", "sst2", "mrpc", "cola", "qnli", "qqp", "rte", "stsb"])
def test_hyperparameters_are_table_8s(dataset: str) -> None:
    found = find_settings(BASE, dataset, "lora")
    assert (found.batch_size, found.epochs, found.learning_rate) == (32, 30, 4e-4)
    assert (found.weight_decay, found.warmup, found.max_length) == (0.1, 0.06, 512)
    assert (found.lora_alpha, found.rank, found.space) == (16.0, 8, "lora[q,v]")


def test_seeds_and_statistic_are_the_papers() -> None:
    found = {(one.seeds, one.statistic) for one in PRESETS.values() if one.model == BASE}
    assert found == {((10, 42, 4242, 10, 1010), "mean")}
