"""A line per proxy: its rank correlation with the truth, the interval, and the noise ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from search.show.number_format import UNDEFINED, decimal, with_interval
from search.show.picture import GREY, INK, PALE, bare, draw_title, new_figure, save_png, short
from search.study.judging.report_card import Card, StratumReport
from spaces.counted import counted

from .truth_names import truth_name

__all__ = ["draw_forest", "forest"]

_DOT = "#0072b2"
_CEILING = "#d55e00"


def draw_forest(report: StratumReport, path: Path) -> None:
    """Writes ``forest`` as a PNG."""
    save_png(forest(report), path)


def forest(report: StratumReport) -> Figure:
    """Spearman and its 95 % interval per proxy, the best on top, undefined ones at the bottom.

    A filled marker is significantly above 0 after Holm's correction, a hollow one is not. Vertical lines
    are at 0 and, where it is known, at plus and minus the noise ceiling.
    """
    defined = [card for card in report.cards if card.spearman.value is not None]
    defined.sort(key=lambda card: card.spearman.value or 0.0, reverse=True)
    rest = [card for card in report.cards if card.spearman.value is None]
    rows = [*defined, *rest]
    figure = new_figure(8.0, 1.75 + 0.27 * max(1, len(rows)))
    axes = figure.subplots()
    _draw_lines(axes, report.ceiling)
    for row, card in enumerate(rows):
        _draw_card(axes, row, card)
    axes.set_yticks(range(len(rows)), [short(card.proxy) for card in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-1.03, 1.03)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["-1", "-0.5", "0", "+0.5", "+1"])
    axes.set_xlabel(
        f"Spearman ρ with {short(truth_name(report))}, mean over {counted(report.seeds, 'seed')}; 95 % "
        "interval",
        fontsize=8.5,
    )
    bare(axes)
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    draw_title(figure, f"{report.stratum}: {counted(report.allocations, 'allocation')}")
    figure.legend(
        handles=_legend(report.ceiling), loc="outside lower center", ncols=3, frameon=False, fontsize=8
    )
    return figure


def _draw_lines(axes: Axes, ceiling: float | None) -> None:
    axes.axvline(0, color=GREY, linewidth=1, zorder=0)
    for side in () if ceiling is None else (-ceiling, ceiling):
        axes.axvline(side, color=_CEILING, linewidth=1.1, linestyle=(0, (5, 3)), zorder=0)


def _draw_card(axes: Axes, row: int, card: Card) -> None:
    """One proxy's marker and interval, and the same in figures on the right."""
    axes.axhline(row, color=PALE, linewidth=0.6, zorder=-1)
    rho = card.spearman
    numbers = with_interval(rho.value, rho.low, rho.high)
    axes.annotate(
        numbers,
        (1, row),
        xytext=(6, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=GREY if numbers == UNDEFINED else INK,
        annotation_clip=False,
    )
    if rho.value is None:
        return
    if rho.low is not None and rho.high is not None:
        axes.plot([rho.low, rho.high], [row, row], color=_DOT, linewidth=1.6, solid_capstyle="butt")
    fill = _DOT if card.significant else "white"
    axes.plot(rho.value, row, "o", markersize=6.5, markerfacecolor=fill, markeredgecolor=_DOT, zorder=3)


def _legend(ceiling: float | None) -> Sequence[Line2D]:
    handles = [_marker(_DOT, "above 0 after Holm's correction"), _marker("white", "not above 0 after it")]
    if ceiling is not None:
        label = f"noise ceiling, ±{decimal(ceiling)}"
        handles.append(Line2D([], [], color=_CEILING, linestyle=(0, (5, 3)), label=label))
    return handles


def _marker(fill: str, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker="o", markeredgecolor=_DOT, markerfacecolor=fill, label=label
    )
