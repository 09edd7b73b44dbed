"""What is lost by training only a few favourites, against how many of them are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spaces.show.picture import GREY, PALE, bare, draw_title, new_figure, save_png, short

__all__ = ["MOST_CURVES", "RegretCurve", "RegretPoint", "draw_regret", "regret_curves"]

_LOOKS: Final = (  # Okabe and Ito's colours (Color Universal Design, 2008), safe for the colour-blind
    ("#0072b2", "o"),
    ("#d55e00", "s"),
    ("#009e73", "^"),
    ("#cc79a7", "D"),
    ("#e69f00", "v"),
)
_BASELINE_LOOK: Final = ("#5b616b", "P")
MOST_CURVES: Final = len(_LOOKS)
"""That can be told apart, beside the baseline's."""


@dataclass(frozen=True, slots=True)
class RegretPoint:
    """The regret of training k, with its interval where it has one."""

    k: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class RegretCurve:
    """The regrets of one name, by ascending k."""

    name: str
    points: tuple[RegretPoint, ...]


def draw_regret(
    curves: Sequence[RegretCurve],
    path: Path,
    *,
    title: str,
    unit: str,
    baseline: RegretCurve | None,
    chance: Mapping[int, float],
) -> None:
    """Writes ``regret_curves`` as a PNG."""
    save_png(regret_curves(curves, title=title, unit=unit, baseline=baseline, chance=chance), path)


def regret_curves(
    curves: Sequence[RegretCurve],
    *,
    title: str,
    unit: str,
    baseline: RegretCurve | None,
    chance: Mapping[int, float],
) -> Figure:
    """A curve for each of up to ``MOST_CURVES`` names and for the baseline, with 95 % intervals.

    unit: what regret is measured in. chance: expected regret of a random choice, by k, where it is known.
    """
    looks = [*_LOOKS[: len(curves)], _BASELINE_LOOK]
    drawn = [*curves, *([baseline] if baseline else [])]
    ks = sorted({point.k for curve in drawn for point in curve.points} | set(chance))
    figure = new_figure(7.6, 4.2)
    axes = figure.subplots()
    shifts = np.linspace(-0.15, 0.15, max(2, len(drawn)))
    for curve, (colour, marker), shift in zip(drawn, looks, shifts, strict=False):
        _draw_curve(axes, curve, ks, colour, marker, float(shift))
    if chance:
        places, heights = [ks.index(k) for k in sorted(chance)], [chance[k] for k in sorted(chance)]
        axes.plot(places, heights, color=GREY, linestyle=(0, (5, 3)), label="random choice, expected")
    axes.set_xticks(range(len(ks)), [str(k) for k in ks])
    axes.set_xlabel("k, allocations trained", fontsize=9)
    axes.set_ylabel(f"regret@k, in units of {short(unit)}", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)
    if axes.lines:
        figure.legend(loc="outside right center", frameon=False, fontsize=8.5)
    draw_title(figure, title)
    return figure


def _draw_curve(
    axes: Axes, curve: RegretCurve, ks: Sequence[int], colour: str, marker: str, shift: float
) -> None:
    """``shift`` sets its markers apart from the others' at the same k."""
    places = [ks.index(point.k) + shift for point in curve.points]
    axes.plot(
        places,
        [point.value for point in curve.points],
        color=colour,
        marker=marker,
        markersize=5,
        label=short(curve.name),
        clip_on=False,
    )
    for place, point in zip(places, curve.points, strict=True):
        low = point.value if point.low is None else point.low
        high = point.value if point.high is None else point.high
        axes.vlines(place, low, high, color=colour, linewidth=1, alpha=0.55, clip_on=False)
