"""How good the best was after how much was spent, a step curve for each search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from spaces.show.picture import bare, new_figure, save_png, short

__all__ = ["anytime_curves", "draw_anytime"]

_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
)  # Okabe and Ito, Color Universal Design, 2008


def draw_anytime(
    curves: Mapping[str, Sequence[tuple[float, float]]], path: Path, *, across: str, up: str
) -> None:
    """Writes ``anytime_curves`` as a PNG."""
    save_png(anytime_curves(curves, across=across, up=up), path)


def anytime_curves(curves: Mapping[str, Sequence[tuple[float, float]]], *, across: str, up: str) -> Figure:
    """A figure of step curves.

    curves: by name, (what was spent so far, best value so far), ascending by the first. across, up: what the
    axes are. Raises ValueError where there are more curves than colours.
    """
    if len(curves) > len(_COLOURS):
        raise ValueError(f"{len(curves)} curves cannot be told apart; give at most {len(_COLOURS)}.")
    figure = new_figure(7.0, 3.6)
    axes = figure.subplots()
    for (name, points), colour in zip(curves.items(), _COLOURS, strict=False):
        spent, best = [one for one, _ in points], [one for _, one in points]
        axes.step(spent, best, where="post", color=colour, marker="o", markersize=3.5, label=short(name))
    axes.set_xlabel(across, fontsize=9)
    axes.set_ylabel(up, fontsize=9)
    bare(axes)
    if len(curves) > 1:
        axes.legend(frameon=False, fontsize=8)
    return figure
