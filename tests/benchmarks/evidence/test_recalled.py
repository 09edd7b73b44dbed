"""What a committed table knows is not trained again, and says the same as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.evidence.conduct import conduct
from benchmarks.evidence.recalled import Recalled
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
