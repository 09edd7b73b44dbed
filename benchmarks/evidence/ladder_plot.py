"""Loss and metric against parameters, a line for each way of allocating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.statistics.interval import Interval
from spaces.show.picture import INK, PALE, bare, draw_title, new_figure, short

__all__ = ["LadderPoint", "Lines", "ladder_figure"]

_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's


@dataclass(frozen=True, slots=True)
class LadderPoint:
    """mean: over seeds. difference: to the baseline's at this budget, paired by seed; None of the baseline
    itself."""

    params: float
    mean: float
    difference: Interval | None


Lines = Mapping[str, Sequence[LadderPoint]]
"""Each way's rungs, by parameters."""


def ladder_figure(panels: Mapping[str, Lines], *, title: str) -> Figure:
    """The mean of each way at each budget; bars are the 95 % t interval of the paired difference to the
    baseline, drawn around the way's own mean: one that stays clear of the baseline's line differs from it.

    panels: by what is measured. The first way of each is the baseline, in black; ways that have not all
    budgets are drawn as points alone.
    """
    figure = new_figure(4.6 * len(panels) + 1.6, 4.6)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (measured, lines) in zip(all_axes, panels.items(), strict=True):
        _draw_panel(axes, lines)
        axes.set_ylabel(f"{measured} on the reported rows, mean over seeds", fontsize=9)
    handles = dict(zip(*reversed(all_axes[0].get_legend_handles_labels()), strict=True))
    names = [short(name) for name in next(iter(panels.values()))]
    figure.legend(
        [handles[name] for name in names], names, loc="outside right center", frameon=False, fontsize=8
    )
    draw_title(figure, title, size=10)
    return figure


def _draw_panel(axes: Axes, lines: Lines) -> None:
    most = max(map(len, lines.values()))
    whole = {name: points for name, points in lines.items() if len(points) == most}
    for place, (name, points) in enumerate(whole.items()):
        colour = INK if place == 0 else _COLOURS[(place - 1) % len(_COLOURS)]
        shift = 1 + 0.025 * place  # so that bars stand beside one another
        axes.errorbar(
            [point.params * shift for point in points],
            [point.mean for point in points],
            yerr=[_margin(point) for point in points],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=2.2 if place == 0 else 1.4,
            capsize=2.5,
            elinewidth=1,
            label=short(name),
        )
    others = [item for item in lines.items() if item[0] not in whole]
    for marker, (name, points) in zip("xv^<>s*d", others, strict=False):
        params, means = [point.params for point in points], [point.mean for point in points]
        axes.plot(params, means, marker, color="#8a8f98", markersize=4.5, label=short(name))
    axes.set_xscale("log")
    rungs = [point.params for point in next(iter(whole.values()))]
    axes.set_xticks(rungs, [f"{params:,.0f}" for params in rungs], fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel("trained parameters, the head apart", fontsize=9)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)


def _margin(point: LadderPoint) -> float:
    one = point.difference
    return 0.0 if one is None or one.high is None else one.high - one.mean
