"""A paper's file: its cells follow from rows and columns, and a mistake is named by file and key."""

from __future__ import annotations

import pytest

from search.compare.presets.paper_file import paper_of
from search.compare.presets.preset import Cell, Number, PaperSettings

TEXT = """
name = "x"
source = "X, arXiv:1"
model = "facebook/opt-350m"
statistic = "median"
seeds = [0, 1]
decimals = 1

[[settings]]
model = "facebook/opt-350m"
setup = "lora"
weight_decay = 0.01
max_length = 512
space = "lora[q,v]"
rank = 8
[settings.datasets]
mrpc = { batch_size = 8, epochs = 20, learning_rate = 2e-4 }
rte = { batch_size = 8, epochs = 20, learning_rate = 3e-4, warmup = 0.1 }

[[tables]]
number = 3
notes = ["a note"]
baseline = ["A", "MRPC"]
columns = [
    { name = "MRPC", dataset = "mrpc", metric = "f1" },
    { name = "RTE", dataset = "rte" },
    { name = "Avg.", mean = true },
]
rows = [
    { name = "A", arm = "plain", paper = { MRPC = "83.0 ± 0.5", RTE = "70.0 (4)", "Avg." = "76.6" } },
    { name = "B", columns = ["RTE"], arms = { RTE = "fixed" }, ranks = [1, 2] },
    { name = "Fine Tune*", paper = { MRPC = "90" } },
]
arms = [
    { label = "plain", method = "lora", space = "lora[q,v]", budget = "r=2" },
    { label = "fixed", method = "lora", space = "lora", budget = "64", ranks = { lora = 4 } },
]
"""


def test_a_table_is_made_of_its_rows_and_columns():
    (preset,) = paper_of(TEXT, "x.toml").presets
    assert (preset.name, preset.source) == ("x-table3", "X, arXiv:1, table 3")
    assert (preset.means, preset.baseline, preset.notes) == (frozenset({"Avg."}), ("A", "MRPC"), ("a note",))
    a, rte, average, b, *shown = preset.cells
    assert a == Cell("A", "MRPC", "plain", "mrpc", "f1", Number(83.0, 0.5))
    assert rte == Cell("A", "RTE", "plain", "rte", "accuracy", Number(70.0, rank=4))
    assert (average.arm, average.dataset, average.paper) == (None, None, Number(76.6))
    assert b == Cell("B", "RTE", "fixed", "rte", ranks=(1, 2))
    assert [(cell.row, cell.arm, cell.dataset) for cell in shown] == [("Fine Tune*", None, None)] * 3
    assert preset.arm("fixed").ranks == {"lora": 4}
    assert preset.arm("plain").setup == "lora"


def test_a_line_of_hyperparameters_is_shared_by_its_data_sets_but_for_their_own():
    mrpc, rte = paper_of(TEXT, "x.toml").settings
    model, space = "facebook/opt-350m", "lora[q,v]"
    assert mrpc == PaperSettings(model, "mrpc", "lora", 8, 20, 2e-4, 0.01, 512, space, 8)
    assert (rte.learning_rate, rte.warmup) == (3e-4, 0.1)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("seeds = [0, 1]", "seeds = [0,", r"^x\.toml is not TOML"),
        ("decimals = 1", "decimals = '1'", r"x\.toml: paper\.decimals = '1' must be a whole number"),
        ('"median"', '"mode"', r"paper\.statistic = 'mode' is unknown; choose one of median, mean"),
        ("rank = 8", "rang = 8", r"paper\.settings\[0\]\.rang is unknown; there are model, setup"),
        ("epochs = 20, learning_rate = 2e-4", "epochs = 20", r"datasets\.mrpc\.learning_rate is missing"),
        ('RTE = "70.0 (4)"', 'RTE = "70,0"', r"tables\[0\]\.rows\[0\]\.paper\.RTE = '70,0' is no number"),
        ('MRPC = "90"', 'MRCP = "90"', r"tables\[0\]\.rows\[2\]: there is no column 'MRCP'"),
        ("{ lora = 4 }", "{ lara = 4 }", r"tables\[0\]\.arms\[1\]\.ranks\.lara is no kind"),
        ('["A", "MRPC"]', '["A"]', r"tables\[0\]\.baseline = \['A'\] must be a row and a column"),
        ('arm = "plain"', 'arm = "plan"', r"x-table3: .* has an unknown column or arm"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_and_key(right, wrong, message):
    assert TEXT.count(right) >= 1
    with pytest.raises(ValueError, match=message):
        paper_of(TEXT.replace(right, wrong, 1), "x.toml")
