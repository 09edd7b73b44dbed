"""DyLoRA, arXiv:2210.07558: its hyperparameters (table 8) and its tables on GLUE.

The text that we have of the paper lost most cells of its tables, the maximum ranks above tables 3, 4 and 7,
and which parameters a row of table 4 updates. What is below is printed in the table of the function's name;
a cell without a number is lost. The rest is read from the text: r_max is table 8's, 8 "unless otherwise
mentioned", which is a rank of tables 2 and 4; of each pair in table 4 the second is the frozen one, which has
the lower mean, as "with a minor performance cost" (section 4) says and table 2 shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .preset import Cell, Number, Preset, PresetArm, TrainingSettings

__all__ = ["PRESETS", "SETTINGS"]

_MODEL = "FacebookAI/roberta-base"
_SEEDS = (10, 42, 4242, 10, 1010)  # table 8 prints 10 twice
_SPACE = "lora[q,v]"  # table 3: 0.628M at rank 1 and 0.887M at rank 8 are q, v and the head
_MAX_RANK = 8
_TASKS = {  # heading -> (data set, metric): the heads of tables 2 to 4
    "MNLI": ("mnli", "accuracy"),
    "SST-2": ("sst2", "accuracy"),
    "MRPC": ("mrpc", "f1"),
    "CoLA": ("cola", "matthews"),
    "QNLI": ("qnli", "accuracy"),
    "QQP": ("qqp", "accuracy"),
    "RTE": ("rte", "accuracy"),
    "STS-B": ("stsb", "pearson"),
}
_WHOLE = {"multiple": "1"}  # r_max is the budget's rank, so that nothing is cut at the end
_REFERENCE = "rows marked * in the paper are shown, not trained"
_LOST = "cells and maximum ranks that the paper's text has lost are not shown; r_max is table 8's"

SETTINGS: Final = tuple(
    TrainingSettings(
        _MODEL, name, "lora", 32, 30, 4e-4, 0.1, 512, _SPACE, _MAX_RANK, lora_alpha=16.0, warmup=0.06
    )
    for name, _ in _TASKS.values()
)


def _preset(
    table: int,
    columns: Sequence[str],
    arms: Sequence[PresetArm],
    cells: Sequence[Cell],
    *notes: str,
) -> Preset:
    return Preset(
        f"dylora-table{table}",
        f"DyLoRA, arXiv:2210.07558, table {table}",
        _MODEL,
        "mean",
        _SEEDS,
        tuple(columns),
        tuple(arms),
        tuple(cells),
        decimals=2,
        means=frozenset({"Avg"} & set(columns)),
        notes=notes,
    )


def _dylora(label: str, **options: str) -> PresetArm:
    return PresetArm(label, "dylora", _SPACE, f"r={_MAX_RANK}", options={**_WHOLE, **options})


def _row(
    row: str,
    arm: str | None,
    columns: Sequence[str],
    paper: Mapping[str, Number],
    *,
    ranks: tuple[int, ...] = (),
) -> list[Cell]:
    """A cell for each column. arm: None where only the paper's numbers are shown."""
    cells = []
    for column in columns:
        dataset, metric = (None, "") if arm is None or column == "Avg" else _TASKS[column]
        own = arm if dataset else None
        cells.append(Cell(row, column, own, dataset, metric, paper.get(column), ranks if own else ()))
    return cells


def _numbers(columns: Sequence[str], values: Sequence[float]) -> dict[str, Number]:
    return dict(zip(columns, map(Number, values), strict=True))


def _table_1() -> Preset:
    paper = {
        "QQP": (89.14, 89.96, 90.33, 90.69, 90.95, 91.02),
        "SST-2": (93.58, 94.15, 94.38, 94.84, 94.27, 94.5),
        "MRPC": (87.25, 87.75, 88.24, 87.25, 86.76, 89.22),
        "CoLA": (61.84, 57.78, 61.57, 63.81, 63.07, 62.82),
    }
    arms = [PresetArm(f"Rank={rank}", "lora", _SPACE, f"r={rank}") for rank in (1, 2, 4, 8, 16, 32)]
    cells = [
        Cell(task, arm.label, arm.label, _TASKS[task][0], _metric_of_table_1(task), Number(value))
        for task, numbers in paper.items()
        for arm, value in zip(arms, numbers, strict=True)
    ]
    return _preset(1, [arm.label for arm in arms], arms, cells)


def _metric_of_table_1(task: str) -> str:
    return "matthews" if task == "CoLA" else "accuracy"  # of MRPC too


def _table_2() -> Preset:
    """Each arm is trained once, at rank 8, and cut to every rank."""
    columns = (*_TASKS, "Avg")
    arms = (
        PresetArm("LoRA", "lora", _SPACE, f"r={_MAX_RANK}"),
        _dylora("DyLoRA (Frozen)", updates="row"),
        _dylora("DyLoRA"),
    )
    averages = {
        "LoRA": (54.90, 66.45, 76.07, 80.00, 82.49, 84.30, 84.97, 85.27),
        "DyLoRA (Frozen)": (82.86, 82.73, 84.02, 84.10, 84.17, 84.28, 84.38, 84.35),
        "DyLoRA": (84.22, 84.97, 85.46, 85.53, 85.56, 85.53, 85.50, 85.44),
    }
    ranks = range(1, _MAX_RANK + 1)
    cells = []
    for rank in ranks:
        for arm in arms:
            mean = {"Avg": Number(averages[arm.label][rank - 1])}
            cells += _row(f"Rank={rank} {arm.label}", arm.label, columns, mean, ranks=(rank,))
    for arm in arms:
        best = {name: Number(*number) for name, number in zip(_TASKS, _BEST[arm.label], strict=True)}
        best["Avg"] = Number(_BEST_AVERAGE[arm.label])
        cells += _row(f"Best (Rank) {arm.label}", arm.label, columns, best, ranks=tuple(ranks))
    fine_tune = _numbers(columns, (87.6, 94.8, 90.2, 63.6, 92.8, 91.9, 78.7, 91.2, 86.4))
    cells += _row("Fine Tune*", None, columns, fine_tune)
    return _preset(2, columns, arms, cells, _REFERENCE, _LOST)


_BEST: Mapping[str, tuple[tuple[float, None, int], ...]] = {  # table 2: (metric, sd, rank) of each task
    "LoRA": (
        (87.03, None, 8),
        (94.50, None, 6),
        (92.25, None, 7),
        (66.05, None, 7),
        (92.81, None, 8),
        (90.45, None, 8),
        (77.98, None, 6),
        (90.87, None, 8),
    ),
    "DyLoRA (Frozen)": (
        (86.18, None, 7),
        (94.50, None, 2),
        (92.93, None, 3),
        (61.57, None, 5),
        (92.70, None, 6),
        (88.88, None, 8),
        (75.81, None, 7),
        (90.89, None, 6),
    ),
    "DyLoRA": (
        (87.17, None, 6),
        (94.72, None, 7),
        (92.79, None, 8),
        (63.32, None, 3),
        (93.56, None, 8),
        (90.17, None, 6),
        (80.14, None, 4),
        (91.36, None, 7),
    ),
}
_BEST_AVERAGE = {"LoRA": 86.49, "DyLoRA (Frozen)": 85.43, "DyLoRA": 86.66}  # table 2


def _table_3() -> Preset:
    columns = ("SST-2", "MRPC", "QNLI", "STS-B", "Avg")
    arms = (PresetArm("LoRA (1)", "lora", _SPACE, "r=1"), _dylora("DyLoRA"))
    cells = [
        *_row("Fine Tune*, 125M", None, columns, _numbers(columns, (94.8, 90.2, 92.8, 91.2, 92.25))),
        *_row("FLOP*, 80M", None, columns, _numbers(columns, (92.09, 88.61, 89.05, 88.18, 89.48))),
        *_row(
            "LoRA (1), 0.628M", "LoRA (1)", columns, _numbers(columns, (93.58, 91.93, 91.98, 90.85, 92.09))
        ),
        *_row("DyLoRA (1), 0.628M", "DyLoRA", columns, {"Avg": Number(91.77)}, ranks=(1,)),
        *_row("DyLoRA (8), 0.887M", "DyLoRA", columns, {"Avg": Number(92.45)}, ranks=(8,)),
    ]
    return _preset(3, columns, arms, cells, _REFERENCE, _LOST, "the paper's parameters hold the head")


def _table_4() -> Preset:
    columns = ("SST-2", "MRPC", "CoLA", "QNLI", "RTE", "STS-B", "Avg")
    arms = (
        _dylora("Geometric (p=0.15)", distribution="geometric", p="0.15"),
        _dylora("Geometric (p=0.15), frozen", distribution="geometric", p="0.15", updates="row"),
        _dylora("Uniform", distribution="uniform"),
        _dylora("Uniform, frozen", distribution="uniform", updates="row"),
    )
    averages = {8: (83.66, 82.78, 84.47, 83.31), 1: (83.42, 82.39, 83.30, 81.61)}
    cells = [
        cell
        for rank, numbers in averages.items()
        for arm, value in zip(arms, numbers, strict=True)
        for cell in _row(
            f"Rank={rank} {arm.label}", arm.label, columns, {"Avg": Number(value)}, ranks=(rank,)
        )
    ]
    order = "of two rows of one distribution the paper's text does not say which is frozen; here the second"
    return _preset(4, columns, arms, cells, _LOST, order)


def _table_7() -> Preset:
    arms = (_dylora("individual, eq. 9", loss="one"), _dylora("sum over ranks", loss="sum"))
    paper = ((645.82, 52.64), (1175.69, 54.12))
    cells = [
        cell
        for arm, (seconds, matthews) in zip(arms, paper, strict=True)
        for cell in (
            Cell(arm.label, "Training Time", arm.label, "cola", "seconds", Number(seconds)),
            Cell(arm.label, "CoLA", arm.label, "cola", "matthews", Number(matthews)),
        )
    ]
    order = "the losses' symbols are lost: the faster is taken for eq. 9, which section 5.8 calls efficient"
    return _preset(7, ("Training Time", "CoLA"), arms, cells, _LOST, order)


PRESETS: Final = (_table_1(), _table_2(), _table_3(), _table_4(), _table_7())
