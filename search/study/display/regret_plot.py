"""What is lost by training only a proxy's favourites, against how many of them are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.show.picture import GREY, PALE, bare, draw_title, new_figure, save_png, short
from search.study.judging.report_card import AtK, Card, StratumReport
from spaces.counted import counted

from .truth_names import truth_name

__all__ = ["draw_regret", "regret_curves"]

_HANDFUL = 5
_BASELINE: Final = "params"
_LOOKS: Final = (  # Okabe and Ito, as in ``origin_groups``
    ("#0072b2", "o"),
    ("#d55e00", "s"),
    ("#009e73", "^"),
    ("#cc79a7", "D"),
    ("#e69f00", "v"),
)


def draw_regret(report: StratumReport, path: Path, *, chance: Mapping[int, float] | None = None) -> None:
    """Writes ``regret_curves`` as a PNG."""
    save_png(regret_curves(report, chance=chance), path)


def regret_curves(report: StratumReport, *, chance: Mapping[int, float] | None = None) -> Figure:
    """regret@k of the five proxies of highest Spearman and of the parameter count, with 95 % intervals.

    chance: expected regret by k of a random choice (``chance_regret``), drawn where it is given.
    """
    best = sorted(
        (card for card in report.cards if card.spearman.value is not None and card.proxy != _BASELINE),
        key=lambda card: card.spearman.value or 0.0,
        reverse=True,
    )[:_HANDFUL]
    baseline = [card for card in report.cards if card.proxy == _BASELINE]
    ks = sorted({at.k for card in [*best, *baseline] for at in card.at_k} | set(chance or {}))
    figure = new_figure(7.6, 4.2)
    axes = figure.subplots()
    shifts = np.linspace(-0.15, 0.15, max(2, len(best) + len(baseline)))
    for card, (colour, marker), shift in zip(
        [*best, *baseline], [*_LOOKS[: len(best)], ("#5b616b", "P")], shifts, strict=False
    ):
        _draw_curve(axes, card, ks, colour, marker, float(shift))
    if chance is not None:
        places = [ks.index(k) for k in sorted(chance)]
        heights = [chance[k] for k in sorted(chance)]
        axes.plot(places, heights, color=GREY, linestyle=(0, (5, 3)), label="random choice, expected")
    axes.set_xticks(range(len(ks)), [str(k) for k in ks])
    axes.set_xlabel("k, allocations trained", fontsize=9)
    axes.set_ylabel(f"regret@k, in units of {short(truth_name(report))}", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    bare(axes)
    if axes.lines:
        figure.legend(loc="outside right center", frameon=False, fontsize=8.5)
    draw_title(figure, f"{report.stratum}: {counted(report.allocations, 'allocation')}")
    return figure


def _draw_curve(axes: Axes, card: Card, ks: Sequence[int], colour: str, marker: str, shift: float) -> None:
    """One proxy's curve; ``shift`` sets its markers apart from the others' at the same k."""
    known = [at for at in card.at_k if at.regret.value is not None]
    places = [ks.index(at.k) + shift for at in known]
    axes.plot(
        places,
        [at.regret.value or 0.0 for at in known],
        color=colour,
        marker=marker,
        markersize=5,
        label=short(card.proxy),
        clip_on=False,
    )
    for place, (low, high) in zip(places, map(_bounds, known), strict=True):
        axes.vlines(place, low, high, color=colour, linewidth=1, alpha=0.55, clip_on=False)


def _bounds(at: AtK) -> tuple[float, float]:
    """The regret's interval, its own point where there is none."""
    value = at.regret.value or 0.0
    low, high = at.regret.low, at.regret.high
    return (value, value) if low is None or high is None else (low, high)
