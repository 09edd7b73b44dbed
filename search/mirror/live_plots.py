"""The plots of a live search, each with its finding in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.job.run_names import BEST_PLOT, FRONT_PLOT, RUNGS_PLOT
from search.live.live_trial import LiveTrial
from search.live.values import front_of, values_of
from search.live.watcher import LiveSearch
from search.show.anytime_plot import RungBest, anytime_finding, draw_anytime
from search.show.front_plot import FrontPlot, front_finding
from search.show.rung_plot import RungCurve, draw_rungs, rung_finding

__all__ = ["LivePlot", "draw_live", "front_plot_of"]

_ACROSS: Final = "candidate-steps"


@dataclass(frozen=True, slots=True)
class LivePlot:
    """path: of a PNG. finding: what it shows, in a sentence."""

    path: Path
    finding: str


def draw_live(
    search: LiveSearch, trials: Sequence[LiveTrial], best: Sequence[RungBest], folder: Path
) -> tuple[LivePlot, ...]:
    """Draws the best value so far, and the trials rung by rung, into a folder; its front comes last.

    best: of each rung.
    """
    name, (_, direction) = search.objective_titles[0], search.objectives[0]
    up = f"best {name} so far"
    curves = [
        RungCurve(tuple((one.step, one.value) for one in trial.reports), trial.state, trial.baseline)
        for trial in trials
        if trial.reports
    ]
    if not curves:
        return ()
    first, second = folder / BEST_PLOT, folder / RUNGS_PLOT
    draw_anytime(best, first, across=_ACROSS, up=up, title=f"{search.task}: {up}")
    draw_rungs(curves, second, title=f"{search.task}: trials where they were judged", value=name)
    return (
        LivePlot(first, anytime_finding(best, across=_ACROSS, up=up)),
        LivePlot(second, rung_finding(curves, value=name, direction=direction)),
        *_front(search, trials, folder),
    )


def _front(search: LiveSearch, trials: Sequence[LiveTrial], folder: Path) -> Iterator[LivePlot]:
    """The front's picture, where there is one."""
    path = folder / FRONT_PLOT
    if path.exists():
        yield LivePlot(path, front_finding(front_plot_of(search, trials)))


def front_plot_of(search: LiveSearch, trials: Sequence[LiveTrial]) -> FrontPlot:
    """The front over the first two of several objectives, of the trials that were trained to the end."""
    complete = [one for one in trials if one.state == "complete"]
    up, across, *_ = search.objective_titles

    def point(one: LiveTrial) -> tuple[float, float]:
        first, second, *_ = values_of(one, search.settings.objectives)
        return second, first

    front = front_of(complete, search.objectives)
    return FrontPlot(
        across=across,
        up=up,
        direction=search.objectives[0][1],
        direction_across=search.objectives[1][1],
        points=tuple(map(point, complete)),
        front=tuple(map(point, front)),
        names=tuple(str(one.number) for one in front),
    )
