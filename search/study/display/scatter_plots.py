"""Small multiples: what each proxy says of an allocation, against what training says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from search.show.number_format import signed
from search.show.picture import EDGE, bare, new_figure, save_png, short
from search.statistics.rank_correlation import rank_correlation
from search.study.judging.mean_truth import mean_over_seeds
from spaces.counted import counted

from .origin_groups import GROUPS

__all__ = ["draw_scatters", "scatters"]

_ACROSS = 4
_WIDE = 1000.0  # positive scores that span more than this get a logarithmic axis


def draw_scatters(
    points: Mapping[str, np.ndarray],
    truth: np.ndarray,
    path: Path,
    *,
    truth_label: str,
    kinds: Sequence[str],
) -> None:
    """Writes ``scatters`` as a PNG."""
    save_png(scatters(points, truth, truth_label=truth_label, kinds=kinds), path)


def scatters(
    points: Mapping[str, np.ndarray], truth: np.ndarray, *, truth_label: str, kinds: Sequence[str]
) -> Figure:
    """A panel per proxy: its score on x, the mean truth on y with its standard deviation over seeds.

    points: proxy -> (allocations,) scores. truth: (allocations, seeds). kinds: (allocations,), each
    allocation's group of origin, one of ``GROUPS``. Spearman's rho with the mean is in each panel's title.
    Raises ValueError on another group, on shapes that differ and on values that are not finite.
    """
    _check(points, truth, kinds)
    across = min(_ACROSS, len(points))
    down = math.ceil(len(points) / across)
    figure = new_figure(max(5.0, 2.45 * across), 1.1 + 2.15 * down)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel().tolist()
    mean = mean_over_seeds(truth, np.arange(truth.shape[1]))
    sd = truth.std(axis=1, ddof=1) if truth.shape[1] > 1 else np.zeros(len(truth))
    for axes, (proxy, scores) in zip(panels, points.items(), strict=False):
        _draw_points(axes, scores, mean, sd, kinds)
        rho = rank_correlation(scores.tolist(), mean.tolist())
        axes.set_title(
            f"{short(proxy, inches=2.0)}\nρ {'' if rho is None else '= '}{signed(rho)}", fontsize=9
        )
    for axes in panels[len(points) :]:
        axes.set_visible(False)
    figure.supylabel(
        f"{short(truth_label, inches=4)}, mean ± sd over {counted(truth.shape[1], 'seed')}", fontsize=9
    )
    figure.supxlabel("score of the allocation", fontsize=9)
    figure.legend(handles=_legend(kinds), loc="outside upper center", ncols=3, frameon=False, fontsize=8.5)
    return figure


def _check(points: Mapping[str, np.ndarray], truth: np.ndarray, kinds: Sequence[str]) -> None:
    if not points:
        raise ValueError("points={} has no proxy to draw; pass the scores of at least one.")
    unknown = sorted(set(kinds) - GROUPS.keys())
    if unknown:
        raise ValueError(f"kinds {unknown} are unknown; use {list(GROUPS)}, as group_of gives them.")
    lengths = {"truth": len(truth), "kinds": len(kinds), **{name: len(each) for name, each in points.items()}}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"lengths {lengths} differ; pass one value per allocation to each.")


def _draw_points(
    axes: Axes, scores: np.ndarray, mean: np.ndarray, sd: np.ndarray, kinds: Sequence[str]
) -> None:
    """One marker per allocation, group by group, and a thin bar of its sd. All: (allocations,)."""
    axes.vlines(scores, mean - sd, mean + sd, color=EDGE, linewidth=0.7, zorder=1)
    for order, (kind, look) in enumerate(GROUPS.items(), start=2):
        own = np.array([each == kind for each in kinds])
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


def _legend(kinds: Sequence[str]) -> Sequence[Line2D]:
    """A handle per group that occurs, the uniform one first."""
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=look.marker,
            markersize=max(6.0, math.sqrt(look.size)),
            markerfacecolor=look.colour,
            markeredgecolor="white",
            label=kind,
        )
        for kind, look in reversed(list(GROUPS.items()))
        if kind in kinds
    ]
