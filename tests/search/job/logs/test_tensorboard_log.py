"""What is told stands in event files, as TensorBoard itself reads them."""

from __future__ import annotations

import json

import pytest

from search.job.logs.loss_log import LossPoint

pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from search.job.logs.tensorboard_log import TensorBoardLog


def read(folder) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def losses(*steps: int) -> list[LossPoint]:
    return [LossPoint("train/loss", step, 1 / step) for step in steps]


def test_a_run_that_goes_on_is_one_curve(tmp_path):
    log = TensorBoardLog(tmp_path / "logs")
    log("tpe-seed0", losses(1, 2), {"seed": 0})
    log("tpe-seed0", [*losses(4), LossPoint("validation/loss", 4, 0.75)], {"seed": 0})
    log("snip-seed0", losses(1), {})
    assert read(tmp_path / "logs" / "tpe-seed0") == {
        "train/loss": [(1, 1.0), (2, 0.5), (4, 0.25)],
        "validation/loss": [(4, 0.75)],
    }
    assert json.loads((tmp_path / "logs" / "tpe-seed0" / "settings.json").read_text()) == {"seed": 0}
    assert read(tmp_path / "logs" / "snip-seed0")["train/loss"] == [(1, 1.0)]


def test_a_run_that_is_told_anew_begins_anew(tmp_path):
    for _ in range(2):
        TensorBoardLog(tmp_path)("tpe", losses(1, 2), {})
    assert read(tmp_path / "tpe") == {"train/loss": [(1, 1.0), (2, 0.5)]}
