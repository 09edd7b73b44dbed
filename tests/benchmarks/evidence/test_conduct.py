"""An experiment that was interrupted comes to what it would have come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.evidence.conduct import SEEDS, conduct
from benchmarks.evidence.findings import Answer, answers, observed
from benchmarks.evidence.laboratory import Laboratory
from tests.benchmarks.evidence.conftest import SmallLaboratory
from tests.benchmarks.evidence.small_experiment import SMALL_EXPERIMENT


def files_of(folder: Path) -> dict[str, float]:
    return {path.name: path.stat().st_mtime_ns for path in (folder / "candidates").iterdir()}


def found(laboratory: Laboratory) -> list[Answer]:
    return answers(SMALL_EXPERIMENT, observed(SMALL_EXPERIMENT, laboratory))


def test_an_interrupted_experiment_goes_on_to_the_same_answers(
    small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    class Killed(Exception): ...

    def kill() -> None:
        raise Killed

    straight, broken = small_laboratory(tmp_path / "straight"), small_laboratory(tmp_path / "broken")
    conduct(SMALL_EXPERIMENT.blocks, straight)
    with pytest.raises(Killed):
        conduct(SMALL_EXPERIMENT.blocks, broken, after_block=kill)
    assert {len(one.loss.of_seeds) for one in found(broken)} == {SEEDS // 2}
    resumed = small_laboratory(tmp_path / "broken")
    conduct(SMALL_EXPERIMENT.blocks, resumed)
    assert found(resumed) == found(straight)
    assert [len(one.loss.of_seeds) for one in found(resumed)] == [SEEDS] * 3
    assert not list((tmp_path / "straight" / "candidates").glob("*.state.*"))


def test_a_finished_experiment_trains_nothing_again(
    small_laboratory: SmallLaboratory, tmp_path: Path
) -> None:
    conduct(SMALL_EXPERIMENT.blocks, small_laboratory(tmp_path))
    before, called = files_of(tmp_path), []
    conduct(SMALL_EXPERIMENT.blocks, small_laboratory(tmp_path), after_block=lambda: called.append(1))
    assert files_of(tmp_path) == before
    assert len(called) == 2 * len(SMALL_EXPERIMENT.blocks)


def test_one_that_has_not_begun_has_no_answers(small_laboratory: SmallLaboratory, tmp_path: Path) -> None:
    assert found(small_laboratory(tmp_path)) == []
