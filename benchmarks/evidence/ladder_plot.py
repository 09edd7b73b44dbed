"""Loss against parameters, a line for each way of allocating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from search.statistics.interval import Interval
from spaces.show.picture import INK, PALE, bare, draw_title, new_figure, short

__all__ = ["LadderPoint", "ladder_figure"]

_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's


@dataclass(frozen=True, slots=True)
class LadderPoint:
    """difference: to the baseline's loss at this budget, paired by seed; None of the baseline itself."""

    params: float
    loss: float
    difference: Interval | None


def ladder_figure(
    lines: Mapping[str, Sequence[LadderPoint]], crosses: Mapping[str, Sequence[LadderPoint]], *, title: str
) -> Figure:
    """The mean loss of each way at each budget; bars are the 95 % t interval of the paired difference to the
    baseline, drawn around the way's own mean: one that stays clear of the baseline's line differs from it.

    lines: the first is the baseline, in black. crosses: ways that are drawn as points alone.
    """
    figure = new_figure(8.4, 4.6)
    axes = figure.subplots()
    for place, (name, points) in enumerate(lines.items()):
        colour = INK if place == 0 else _COLOURS[(place - 1) % len(_COLOURS)]
        shift = 1 + 0.025 * place  # so that bars stand beside one another
        axes.errorbar(
            [point.params * shift for point in points],
            [point.loss for point in points],
            yerr=[_margin(point) for point in points],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=2.2 if place == 0 else 1.4,
            capsize=2.5,
            elinewidth=1,
            label=short(name),
        )
    for marker, (name, points) in zip("xv^<>s*d", crosses.items(), strict=False):
        params, losses = [point.params for point in points], [point.loss for point in points]
        axes.plot(params, losses, marker, color="#8a8f98", markersize=4.5, label=short(name))
    axes.set_xscale("log")
    rungs = [point.params for point in next(iter(lines.values()))]
    axes.set_xticks(rungs, [f"{params:,.0f}" for params in rungs])
    axes.minorticks_off()
    axes.set_xlabel("trained parameters, the head apart", fontsize=9)
    axes.set_ylabel("loss on the reported rows, mean over seeds", fontsize=9)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    names = [short(name) for name in (*lines, *crosses)]
    figure.legend(
        [handles[name] for name in names], names, loc="outside right center", frameon=False, fontsize=8
    )
    draw_title(figure, title, size=10)
    return figure


def _margin(point: LadderPoint) -> float:
    one = point.difference
    return 0.0 if one is None or one.high is None else one.high - one.mean
