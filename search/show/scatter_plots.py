"""Small multiples: what each proxy says of an allocation, against what training says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from search.statistics.rank_correlation import rank_correlation
from spaces.show.picture import EDGE, bare, new_figure, save_png, short

from .number_format import signed

__all__ = ["Look", "Truths", "draw_scatters", "scatters"]

_ACROSS: Final = 4
_WIDE: Final = 1000.0  # positive scores that span more than this get a logarithmic axis


@dataclass(frozen=True, slots=True)
class Look:
    """How the allocations of one group are drawn. size: of the marker, in points squared."""

    colour: str
    marker: str
    size: float


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """The same y of all panels: mean, sd: (allocations,). groups: (allocations,). label: of the axis."""

    mean: np.ndarray
    sd: np.ndarray
    groups: Sequence[str]
    label: str


def draw_scatters(
    scores: Mapping[str, np.ndarray], truths: Truths, looks: Mapping[str, Look], path: Path
) -> None:
    """Writes ``scatters`` as a PNG."""
    save_png(scatters(scores, truths, looks), path)


def scatters(scores: Mapping[str, np.ndarray], truths: Truths, looks: Mapping[str, Look]) -> Figure:
    """A panel per proxy: its score on x, the mean truth on y with its standard deviation.

    Spearman's rho of the two is in each panel's title. Raises ValueError on a group without a look, on shapes
    that differ and on values that are not finite.

    Args:
        scores: by proxy, (allocations,).
        truths: what training says, and the group of each allocation.
        looks: by group; the later ones are drawn over the earlier ones.
    """
    _check(scores, truths, looks)
    across = min(_ACROSS, len(scores))
    down = math.ceil(len(scores) / across)
    figure = new_figure(max(5.0, 2.45 * across), 1.1 + 2.15 * down)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel().tolist()
    for axes, (proxy, of_proxy) in zip(panels, scores.items(), strict=False):
        _draw_points(axes, of_proxy, truths, looks)
        rho = rank_correlation(of_proxy.tolist(), truths.mean.tolist())
        axes.set_title(
            f"{short(proxy, inches=2.0)}\nρ {'' if rho is None else '= '}{signed(rho)}", fontsize=9
        )
    for axes in panels[len(scores) :]:
        axes.set_visible(False)
    figure.supylabel(truths.label, fontsize=9)
    figure.supxlabel("score of the allocation", fontsize=9)
    figure.legend(
        handles=_legend(truths.groups, looks),
        loc="outside upper center",
        ncols=3,
        frameon=False,
        fontsize=8.5,
    )
    return figure


def _check(scores: Mapping[str, np.ndarray], truths: Truths, looks: Mapping[str, Look]) -> None:
    if not scores:
        raise ValueError("scores={} has no proxy to draw; pass the scores of at least one.")
    unknown = sorted(set(truths.groups) - looks.keys())
    if unknown:
        raise ValueError(f"groups {unknown} have no look; use {list(looks)}.")
    lengths = {
        "mean": len(truths.mean),
        "sd": len(truths.sd),
        "groups": len(truths.groups),
        **{name: len(each) for name, each in scores.items()},
    }
    if len(set(lengths.values())) > 1:
        raise ValueError(f"lengths {lengths} differ; pass one value per allocation to each.")


def _draw_points(axes: Axes, scores: np.ndarray, truths: Truths, looks: Mapping[str, Look]) -> None:
    """One marker per allocation, group by group, and a thin bar of its sd. scores: (allocations,)."""
    mean, sd = truths.mean, truths.sd
    axes.vlines(scores, mean - sd, mean + sd, color=EDGE, linewidth=0.7, zorder=1)
    for order, (group, look) in enumerate(looks.items(), start=2):
        own = np.array([each == group for each in truths.groups])
        axes.scatter(
            scores[own],
            mean[own],
            s=look.size,
            c=look.colour,
            marker=look.marker,
            linewidths=0.4,
            edgecolors="white",
            zorder=order,
        )
    bare(axes)
    axes.tick_params(labelsize=7.5)
    axes.locator_params(axis="y", nbins=5)
    if scores.min() > 0 and scores.max() > _WIDE * scores.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        return
    axes.locator_params(axis="x", nbins=4)
    axes.ticklabel_format(axis="x", scilimits=(-2, 4), useOffset=False)
    axes.xaxis.get_offset_text().set_fontsize(7)


def _legend(groups: Sequence[str], looks: Mapping[str, Look]) -> Sequence[Line2D]:
    """A handle per group that occurs, the one that is drawn on top first."""
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=look.marker,
            markersize=max(6.0, math.sqrt(look.size)),
            markerfacecolor=look.colour,
            markeredgecolor="white",
            label=group,
        )
        for group, look in reversed(list(looks.items()))
        if group in groups
    ]
