"""The look that all pictures share: a figure without pyplot, its greys, its texts, and how it is saved."""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path
from typing import Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from spaces.printable import printable, printable_lines, shortened

__all__ = ["EDGE", "GREY", "INK", "PALE", "TEAL", "bare", "draw_title", "new_figure", "save_png", "short"]

INK: Final = "#12343b"
GREY: Final = "#8a8f98"
EDGE: Final = "#b7bdc6"
PALE: Final = "#d9dde2"
TEAL: Final = "#41b6c4"
_LETTER, _BOLD = 0.62, 0.74  # of a font's size, the width of a letter, if anything too wide


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that lays itself out; width, height: inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_title(figure: Figure, text: str, *, size: float = 12) -> None:
    """The title of the whole figure, in up to three lines. size: in points; bold from 12 on."""
    bold = size >= 12
    letters = int(figure.get_figwidth() * 72 / ((_BOLD if bold else _LETTER) * size))
    lines = textwrap.wrap(printable(text), letters, break_on_hyphens=False, max_lines=3, placeholder=" ...")
    figure.suptitle("\n".join(lines), fontsize=size, fontweight="bold" if bold else "normal")


def short(name: str, *, inches: float = 3.0, size: float = 8.5) -> str:
    """A name as it stands beside an axis, shortened to about so many inches in letters of ``size`` points."""
    return shortened(printable(name), max(8, int(inches * 72 / (_LETTER * size))))


def bare(axes: Axes) -> None:
    """Leaves the left and bottom edges of a plot, in grey, with small tick labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(EDGE)
    axes.tick_params(labelsize=8, color=EDGE)


def save_png(figure: Figure, path: Path) -> None:
    """Writes the figure as a PNG of 160 dots per inch.

    Every text is drawn as it is: no ``$`` of a name begins a formula, what cannot be seen is escaped, and a
    letter that the font lacks is an empty box.
    """
    with rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing", UserWarning)
        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            text.set_parse_math(False)
            text.set_text(printable_lines(text.get_text()))
        figure.savefig(path, dpi=160, format="png")
