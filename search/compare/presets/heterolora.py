"""HeteroLoRA, arXiv:2406.14956: its hyperparameters (tables 7 to 9) and its tables of results.

Every number below is printed in the table that the name beside it says. A method's other settings are those
of appendices B.1 and B.3: 25 % enabled, 32 batches, a search every 1/5 epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spaces.site import Kind

from .preset import Cell, Number, Preset, PresetArm, Setup, TrainingSettings

__all__ = ["PRESETS", "SETTINGS"]

_OPT, _ROBERTA, _GEMMA = "facebook/opt-350m", "FacebookAI/roberta-large", "google/gemma-2b"
_SEEDS = (0, 13, 42, 87, 100)  # appendix B.2
_LORA, _BOTH = "lora[q,v]", "lora[q,v]+shortcut"
_GLUE = ("mnli", "mrpc", "qqp", "rte", "sst2")
_SUPERGLUE = ("alpaca", "boolq", "cb", "copa")
_SMALL = ("mrpc", "rte", "sst2")
_HEADINGS = {"mrpc": "MRPC", "rte": "RTE", "sst2": "SST-2"}


def _settings(
    model: str,
    setup: Setup,
    datasets: Sequence[str],
    batch_sizes: Sequence[int],
    epochs: Sequence[int],
    rates: Sequence[float],
) -> tuple[TrainingSettings, ...]:
    """One line of tables 7 to 9; what all lines share is added."""
    space = {"ft": None, "lora": _LORA, "shortcuts": _BOTH}[setup]
    rank, alpha = (None, None) if setup == "ft" else (8, 16.0)
    shortcut_alpha = 4.0 if setup == "shortcuts" else None
    columns = zip(datasets, batch_sizes, epochs, rates, strict=True)
    return tuple(
        TrainingSettings(model, name, setup, batch, n, rate, 0.01, 512, space, rank, alpha, shortcut_alpha)
        for name, batch, n, rate in columns
    )


_TABLE_7 = (
    *_settings(_OPT, "ft", _GLUE, (32, 16, 32, 16, 32), (5, 10, 5, 10, 5), (1e-5, 2e-5, 1e-5, 1e-5, 1e-5)),
    *_settings(
        _ROBERTA, "ft", _GLUE, (32, 16, 32, 16, 32), (5, 10, 5, 10, 5), (2e-5, 1e-5, 1e-5, 1e-5, 1e-5)
    ),
    *_settings(_OPT, "lora", _GLUE, (8,) * 5, (10, 20, 10, 20, 10), (1e-4, 2e-4, 2e-4, 3e-4, 1e-4)),
    *_settings(_ROBERTA, "lora", _GLUE, (8,) * 5, (10, 20, 10, 20, 10), (1e-4, 2e-4, 1e-4, 4e-4, 1e-4)),
    *_settings(_GEMMA, "lora", _GLUE, (8,) * 5, (5, 20, 5, 20, 10), (5e-5, 2e-4, 1e-4, 5e-4, 1e-4)),
)
_TABLE_8 = (
    *_settings(_OPT, "ft", _SUPERGLUE, (32, 32, 16, 16), (10,) * 4, (1e-5, 2e-5, 5e-5, 2e-5)),
    *_settings(_OPT, "lora", _SUPERGLUE, (8,) * 4, (20, 10, 20, 20), (1e-4, 2e-4, 1e-3, 1e-3)),
)
_TABLE_9 = _settings(_OPT, "shortcuts", _SMALL, (8,) * 3, (20, 20, 10), (2e-4, 2e-4, 1e-4))
SETTINGS: Final = (*_TABLE_7, *_TABLE_8, *_TABLE_9)


def _preset(
    table: int,
    columns: Sequence[str],
    arms: Sequence[PresetArm],
    cells: Sequence[Cell],
    *,
    baseline: tuple[str, str] | None = None,
    notes: tuple[str, ...] = (),
) -> Preset:
    return Preset(
        f"heterolora-table{table}",
        f"HeteroLoRA, arXiv:2406.14956, table {table}",
        _OPT,
        "median",
        _SEEDS,
        tuple(columns),
        tuple(arms),
        tuple(cells),
        decimals=1,
        means=frozenset({"Avg."} & set(columns)),
        baseline=baseline,
        notes=notes,
    )


def _table_2() -> Preset:
    proxies = {"CONSTANT": "constant", "GRAD-NORM": "grad_norm", "SNIP": "snip", "SYNFLOW": "synflow"}
    paper = {"Static": (83.8, 82.8, 82.8, 78.7), "Dynamic": (82.4, 84.1, 82.4, 82.4)}
    frequency = {"Static": {}, "Dynamic": {"frequency": "5"}}
    arms, cells = [PresetArm("baseline", "lora", _LORA, "r=2")], []
    for row, numbers in paper.items():
        for (column, proxy), value in zip(proxies.items(), numbers, strict=True):
            options = {"proxy": proxy, **frequency[row], **_ENABLED}
            arms.append(PresetArm(f"{row} {column}", f"hetero-{row.lower()}", _LORA, "r=2", options=options))
            cells.append(Cell(row, column, arms[-1].label, "mrpc", paper=Number(value)))
    cells.append(Cell("Baseline", "r=2", "baseline", "mrpc", paper=Number(83.8)))  # of the caption
    note = (
        "the paper searched a learning rate for each proxy and strategy and does not give it; here table 7's"
    )
    return _preset(2, (*proxies, "r=2"), arms, cells, baseline=("Baseline", "r=2"), notes=(note,))


_ENABLED = {"enabled": "0.25", "batches": "32"}
_DYNAMIC = {"proxy": "grad_norm", "frequency": "5", **_ENABLED}


def _row(row: str, arm: str, numbers: Sequence[tuple[float, float]], mean: float) -> list[Cell]:
    """A row of table 3 or 4. numbers: (median, sd) of each data set."""
    cells = [
        Cell(row, _HEADINGS[name], arm, name, paper=Number(*number))
        for name, number in zip(_SMALL, numbers, strict=True)
    ]
    return [*cells, Cell(row, "Avg.", None, None, paper=Number(mean))]


def _table_3() -> Preset:
    """The ranks of rS > rL are ours: rL is half of that of rS = rL, and rS what the budget then allows."""
    arms = [
        PresetArm("2.3M L-only", "lora", _LORA, "r=24"),
        PresetArm("2.3M rS=rL", "lora", _BOTH, "r=8", "shortcuts"),
        PresetArm("2.3M rS>rL", "lora", _BOTH, "2,338,816", "shortcuts", ranks=_split(4, 10)),
        PresetArm("9.4M L-only", "lora", _LORA, "r=96"),
        PresetArm("9.4M rS=rL", "lora", _BOTH, "r=32", "shortcuts"),
        PresetArm("9.4M rS>rL", "lora", _BOTH, "9,355,264", "shortcuts", ranks=_split(16, 40)),
    ]
    paper = (
        (((83.4, 1.1), (72.1, 1.2), (93.4, 0.4)), 92.1),
        (((84.6, 0.5), (73.5, 1.4), (93.9, 0.3)), 92.6),
        (((84.6, 1.9), (70.9, 2.2), (93.7, 0.3)), 92.4),
        (((83.4, 0.4), (69.4, 3.2), (93.3, 0.5)), 91.9),
        (((83.8, 0.6), (72.6, 1.3), (94.1, 0.7)), 92.7),
        (((84.1, 0.9), (71.8, 3.0), (93.8, 0.3)), 92.5),
    )
    cells = [
        cell
        for arm, (numbers, mean) in zip(arms, paper, strict=True)
        for cell in _row(arm.label, arm.label, numbers, mean)
    ]
    notes = (
        "the paper's Avg. is not the mean of its row (83.0 in the first); ours is",
        "the paper does not give the ranks of rS>rL; here rL=4, rS=10 and rL=16, rS=40",
    )
    return _preset(3, (*_HEADINGS.values(), "Avg."), arms, cells, notes=notes)


def _split(lora: int, shortcut: int) -> dict[Kind, int]:
    return {"lora": lora, "residual": shortcut, "cross": shortcut}


def _table_4() -> Preset:
    paper = {
        ("r=2", "S & L"): (((83.7, 0.8), (73.4, 2.2), (93.6, 0.5)), 83.5),
        ("r=2", "DH & S & L"): (((84.3, 1.0), (72.9, 1.8), (93.9, 0.5)), 83.7),
        ("r=8", "S & L"): (((84.6, 0.5), (73.5, 1.4), (93.8, 0.4)), 84.0),
        ("r=8", "DH & S & L"): (((85.0, 1.6), (73.6, 1.1), (93.6, 0.1)), 84.1),
    }
    arms, cells = [], []
    for (budget, setup), (numbers, mean) in paper.items():
        label = f"{budget} {setup}"
        method, options = ("hetero-dynamic", _DYNAMIC) if setup.startswith("DH") else ("lora", {})
        arms.append(PresetArm(label, method, _BOTH, budget, "shortcuts", options))
        cells += _row(label, label, numbers, mean)
    return _preset(4, (*_HEADINGS.values(), "Avg."), arms, cells, notes=(_PLACES,))


_PLACES = "25 % of 143 modules are 35.75: the paper enables 36, 0.7 % above the budget, here never above it"


def _table_5() -> Preset:
    paper = {
        ("W_Q", "q", 8): (80.2, 1.6),
        ("W_K", "k", 8): (80.3, 0.5),
        ("W_V", "v", 8): (84.3, 1.3),
        ("W_O", "o", 8): (83.2, 0.1),
        ("W_Q, W_K", "q,k", 4): (81.6, 1.1),
        ("W_Q, W_V", "q,v", 4): (84.1, 1.1),
        ("W_Q, W_K, W_V, W_O", "q,k,v,o", 2): (83.3, 1.8),
    }
    return _projections(5, paper)


def _table_6() -> Preset:
    """Its counts hold the head: 1,024 parameters more than the wires."""
    paper = {
        ("W_Q, W_V", "q,v", 4): (84.1, 1.1),
        ("W_1", "fc1", 8): (83.3, 0.6),
        ("W_2", "fc2", 8): (82.3, 1.2),
        ("W_1, W_2", "fc1,fc2", 4): (84.0, 0.9),
        ("W_Q, W_V, W_1, W_2", "q,v,fc1,fc2", 2): (83.5, 0.5),
    }
    return _projections(6, paper)


def _projections(table: int, paper: dict[tuple[str, str, int], tuple[float, float]]) -> Preset:
    """paper: (median, sd) by (heading, roles, rank)."""
    columns = [f"{heading} (r={rank})" for heading, _, rank in paper]
    arms = [
        PresetArm(column, "lora", f"lora[{roles}]", f"r={rank}")
        for column, (_, roles, rank) in zip(columns, paper, strict=True)
    ]
    cells = [
        Cell("MRPC (acc)", column, column, "mrpc", paper=Number(*number))
        for column, number in zip(columns, paper.values(), strict=True)
    ]
    return _preset(table, columns, arms, cells)


def _hyperparameters(table: int, datasets: Sequence[str]) -> Preset:
    """What table 7 or 8 is for, without results in the paper: both ways of fine-tuning on each data set that
    is sequence classification."""
    arms = [PresetArm("FT", "full", _LORA, "r=8", "ft"), PresetArm("LoRA", "lora", _LORA, "r=8")]
    cells = [Cell(arm.label, name, arm.label, name) for arm in arms for name in datasets]
    return _preset(table, datasets, arms, cells, notes=("the paper has hyperparameters here, no results",))


def _table_10() -> Preset:
    frequencies = (10, 5, 2, 1)
    paper = {
        ("mrpc", "combined"): (84.6, 84.3, 84.1, 84.3),
        ("mrpc", "separated"): (84.6, 83.7, 84.6, 85.1),
        ("rte", "combined"): (72.3, 72.9, 72.3, 72.7),
        ("rte", "separated"): (74.5, 72.8, 70.1, 66.9),
    }
    arms = [
        PresetArm(
            f"{allotment.capitalize()} {frequency}",
            "hetero-dynamic",
            _BOTH,
            "r=2",
            "shortcuts",
            {**_DYNAMIC, "frequency": str(frequency), "allotment": allotment},
        )
        for allotment in ("combined", "separated")
        for frequency in frequencies
    ]
    cells = [
        Cell(f"{_HEADINGS[name]} (acc)", column := f"{allotment.capitalize()} {frequency}", column, name,
             paper=Number(value))
        for (name, allotment), numbers in paper.items()
        for frequency, value in zip(frequencies, numbers, strict=True)
    ]  # fmt: skip
    return _preset(10, [arm.label for arm in arms], arms, cells, notes=(_PLACES,))


PRESETS: Final = (
    _table_2(),
    _table_3(),
    _table_4(),
    _table_5(),
    _table_6(),
    _hyperparameters(7, _GLUE),
    _hyperparameters(8, ("boolq", "cb")),
    _table_10(),
)
