"""The front of a live search over several objectives, in its folder."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

from evaluators.store.whole_file import write_whole
from search.job.run_names import FRONT_FOLDER, FRONT_PLOT, FRONT_TABLE
from search.mirror.live_plots import front_plot_of
from search.show.front_plot import draw_front

from .result import Result

__all__ = ["write_front"]


def write_front(result: Result, folder: Path, command: str | None) -> None:
    """Writes ``front.csv``, ``front.png`` and an adapter a point into ``front/``, named by its trial; removes
    those of an earlier result, where there is no front."""
    shutil.rmtree(folder / FRONT_FOLDER, ignore_errors=True)
    known = result.record.live
    if result.live is None or known is None or not known.front:
        return
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    measured = [name for name in known.objectives if name != "params"]  # which every row has anyway
    writer.writerow(["trial", "proposer", "params", "learning_rate", "scaling", *measured])
    for one, point in zip(known.front, result.front, strict=True):
        values = (one.values[name] for name in measured)
        writer.writerow([one.trial, one.proposer, one.params, one.learning_rate, one.scaling, *values])
        point.save(folder / FRONT_FOLDER / str(one.trial), command=command)
    write_whole(folder / FRONT_TABLE, rows.getvalue())
    plot = front_plot_of(result.live.search, result.live.trials)
    draw_front(plot, folder / FRONT_PLOT, title=f"{result.problem.title}: {result.problem.task}")
