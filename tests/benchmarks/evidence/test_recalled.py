"""What a committed table knows is not trained again, and says the same as before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evidence.conduct import conduct
from benchmarks.evidence.recalled import MADE, Recalled
from benchmarks.evidence.report import write_report
from spaces.errors import InputError
from tests.benchmarks.evidence.conftest import SmallLaboratory
from tests.benchmarks.evidence.small_experiment import SMALL_EXPERIMENT

TABLES = ("runs.csv", "tuning.csv", "report-answers.csv")


@pytest.fixture
def tables(small_laboratory: SmallLaboratory, tmp_path: Path) -> Path:
    laboratory = small_laboratory(tmp_path / "work")
    conduct(SMALL_EXPERIMENT.blocks, laboratory)
    write_report(SMALL_EXPERIMENT, laboratory, tmp_path / "out")
    (tmp_path / "out" / MADE).write_text(json.dumps(laboratory.made))
    return tmp_path / "out"


def test_an_experiment_that_tables_know_is_reported_alike_and_trains_nothing(
    tables: Path, small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    again = small_laboratory(tmp_path / "again", Recalled([tables]))
    conduct(SMALL_EXPERIMENT.blocks, again)
    assert not (tmp_path / "again").exists()
    write_report(SMALL_EXPERIMENT, again, tmp_path / "anew")
    for name in TABLES:
        assert (tmp_path / "anew" / name).read_text() == (tables / name).read_text()


def test_what_a_table_lacks_is_trained_and_comes_to_the_same(
    tables: Path, small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    whole = (tables / "runs.csv").read_text()
    kept = [line for line in whole.splitlines() if not line.startswith("q and v,0.5,") or ",7," not in line]
    (tables / "runs.csv").write_text("\n".join(kept))
    again = small_laboratory(tmp_path / "again", Recalled([tables]))
    conduct(SMALL_EXPERIMENT.blocks, again)
    write_report(SMALL_EXPERIMENT, again, tmp_path / "anew")
    losses = [
        [line.split(",")[:8] for line in text.splitlines()]
        for text in (whole, (tmp_path / "anew" / "runs.csv").read_text())
    ]
    assert len(kept) < len(losses[0])
    assert losses[0] == losses[1]


def test_a_table_of_another_space_is_refused(
    tables: Path, small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    path = tables / "runs.csv"
    path.write_text(path.read_text().replace("layers.0.q=1", "layers.0.q=2"))
    with pytest.raises(InputError, match="another allocation in the table for seed"):
        conduct(SMALL_EXPERIMENT.blocks, small_laboratory(tmp_path / "again", Recalled([tables])))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda made: made["rows"].update(report=7), "were made with rows {.*'report': 7}, and not with"),
        (lambda made: made["recipe"].update(epochs=9.0), "were made with recipe {'epochs': 9.0"),
        (lambda made: made.update(fingerprint="0" * 64), "were made with fingerprint 0000"),
        (lambda made: made.pop("rows"), "does not say on which rows the tables beside it were made"),
    ],
)
def test_tables_of_other_rows_or_another_recipe_are_refused(
    change: Callable[[dict[str, Any]], object],
    said: str,
    tables: Path,
    small_laboratory: SmallLaboratory,
    tmp_path: Path,
) -> None:
    """Even ways have the same allocations whatever the rows, so that these cannot tell."""
    made = json.loads((tables / MADE).read_text())
    change(made)
    (tables / MADE).write_text(json.dumps(made))
    with pytest.raises(InputError, match=said):
        small_laboratory(tmp_path / "again", Recalled([tables]))


def test_older_tables_without_a_fingerprint_are_taken(
    tables: Path, small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    made = json.loads((tables / MADE).read_text())
    del made["fingerprint"]
    (tables / MADE).write_text(json.dumps(made))
    again = small_laboratory(tmp_path / "again", Recalled([tables]))
    conduct(SMALL_EXPERIMENT.blocks, again)
    assert not (tmp_path / "again").exists()


def test_a_pick_is_known_by_its_proxy_at_whatever_knobs_it_was_trained(tables: Path) -> None:
    picked = Recalled([tables]).pick("grad_norm", 1 / 2)
    assert picked is not None
    path = tables / "runs.csv"
    path.write_text(path.read_text().replace("\ngrad_norm,", '\n"grad_norm, at uniform\'s rate",'))
    again = Recalled([tables])
    assert [again.pick("grad_norm", 1 / 2), again.pick("grad", 1 / 2), again.pick("grad_norm", 1)] == [
        picked,
        None,
        None,
    ]
