"""The front of a live search over several objectives, in its folder."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

from evaluators.store.whole_file import write_whole
from search.job.run_names import FRONT_FOLDER, FRONT_PLOT, FRONT_TABLE
from search.live.values import values_of
from search.mirror.live_plots import front_plot_of
from search.show.front_plot import draw_front

from .result import Result

__all__ = ["write_front"]


def write_front(result: Result, folder: Path, command: str | None) -> None:
    """Writes ``front.csv``, ``front.png`` and an adapter a point into ``front/``, named by its trial; removes
    those of an earlier result, where there is no front."""
    shutil.rmtree(folder / FRONT_FOLDER, ignore_errors=True)
    if result.live is None or not result.front:
        return
    names = result.live.search.settings.objectives
    values = {trial.number: values_of(trial, names) for trial in result.live.trials if trial.reports}
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    measured = [name for name in names if name != "params"]  # which every row has anyway
    writer.writerow(["trial", "proposer", "params", "learning_rate", "scaling", *measured])
    for point in result.front:
        trial, own = point.trial, point.trial.configuration
        row = (trial.number, trial.proposer, trial.params, own.learning_rate, own.scaling)
        known = dict(zip(names, values[trial.number], strict=True))
        writer.writerow([*row, *(known[name] for name in measured)])
        point.save(folder / FRONT_FOLDER / str(trial.number), command=command)
    write_whole(folder / FRONT_TABLE, rows.getvalue())
    plot = front_plot_of(result.live.search, result.live.trials)
    draw_front(plot, folder / FRONT_PLOT, title=f"{result.problem.title}: {result.problem.task}")
