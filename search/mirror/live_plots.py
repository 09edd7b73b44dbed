"""The plots of a live search, each with its finding in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from search.live.live_trial import LiveTrial
from search.live.watcher import LiveSearch
from search.show.anytime_plot import anytime_finding, draw_anytime
from search.show.rung_plot import RungCurve, draw_rungs, rung_finding

__all__ = ["LivePlot", "draw_live"]

_ACROSS: Final = "candidate-steps"


@dataclass(frozen=True, slots=True)
class LivePlot:
    """path: of a PNG. finding: what it shows, in a sentence."""

    path: Path
    finding: str


def draw_live(
    search: LiveSearch, trials: Sequence[LiveTrial], best: Sequence[tuple[int, float]], folder: Path
) -> tuple[LivePlot, ...]:
    """Draws the best value so far, and the trials rung by rung, into a folder.

    best: (candidate-steps, best value so far), ascending.
    """
    name, direction = search.objectives[0]
    up, points = f"best {name} so far", [(float(steps), value) for steps, value in best]
    curves = [
        RungCurve(tuple((one.step, one.value) for one in trial.reports), trial.state, trial.baseline)
        for trial in trials
        if trial.reports
    ]
    first, second = folder / "best-so-far.png", folder / "rungs.png"
    draw_anytime({search.task: points}, first, across=_ACROSS, up=up, title=f"{search.task}: {up}")
    draw_rungs(curves, second, title=f"{search.task}: trials where they were judged", value=name)
    return (
        LivePlot(first, anytime_finding(points, across=_ACROSS, up=up)),
        LivePlot(second, rung_finding(curves, value=name, direction=direction)),
    )
