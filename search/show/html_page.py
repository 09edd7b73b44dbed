"""A page for people: one HTML file that opens anywhere, without a network and without scripts."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from spaces.printable import printable_lines

__all__ = ["PagePicture", "html_page", "page_picture"]

_SHARED: Final = ("page_style.css", "page_parts.html.jinja")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_DOTS_PER_PIXEL: Final = 1.6  # plots have 160 dots per inch, a page has 100 pixels


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A PNG within a page. finding: what it shows, in words. width, height: pixels of the page."""

    caption: str
    finding: str
    source: str
    width: int
    height: int


def html_page(package: str, template: str, values: Mapping[str, object]) -> str:
    """A template of a package filled, every text escaped; the style, tables and pictures are shared.

    A template includes ``page_style.css``, and imports ``show(table)`` and ``figure(picture)`` from
    ``page_parts.html.jinja``.
    """
    texts = {name: files("search.show").joinpath(name).read_text(encoding="utf-8") for name in _SHARED}
    texts[template] = files(package).joinpath(template).read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_seen,
    )
    return environment.get_template(template).render(values)


def page_picture(data: bytes, *, caption: str, finding: str, name: str = "the picture") -> PagePicture:
    """A picture of a PNG's bytes. name: of the file, for the error.

    Raises ValueError where it is no PNG.
    """
    if not data.startswith(_PNG) or len(data) < 24:
        raise ValueError(f"{name} is not a PNG; pass what the draw functions of this package wrote.")
    width, height = (round(dots / _DOTS_PER_PIXEL) for dots in struct.unpack(">II", data[16:24]))
    source = f"data:image/png;base64,{b64encode(data).decode()}"
    return PagePicture(caption, finding, source, width, height)


def _seen(value: object) -> object:
    """A text as ``printable_lines``, before it is escaped as HTML; what a macro gave is that already."""
    return printable_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value
