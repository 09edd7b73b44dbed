"""Curves as event files, which TensorBoard shows. Importing this takes TensorBoard."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from .loss_log import LossPoint

__all__ = ["TensorBoardLog"]


class TensorBoardLog:
    """A ``LossLog`` in a folder of each run's own, by the package's own writer, which needs no PyTorch.

    A run that is told anew, since the program was started again, begins anew: what it had is removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begun: set[str] = set()

    def __call__(self, run: str, points: Sequence[LossPoint], settings: dict[str, str | float], /) -> None:
        place = self._folder / run
        if run not in self._begun:
            self._begun.add(run)
            if place.exists():
                shutil.rmtree(place)
            place.mkdir(parents=True)
            (place / "settings.json").write_text(json.dumps(settings, indent=2), encoding="utf-8")
        before = set(place.glob("*tfevents*"))
        writer = EventFileWriter(str(place))
        now = time.time()
        for point in points:
            value = Summary.Value(tag=point.name, simple_value=point.value)
            writer.add_event(Event(wall_time=now, step=point.step, summary=Summary(value=[value])))
        writer.close()
        (written,) = set(place.glob("*tfevents*")) - before
        written.rename(place / f"events.out.tfevents.{len(before):010d}")  # TensorBoard reads them by name
