"""Equations as MathML, which browsers draw by themselves: no script, no font, no network."""

from __future__ import annotations

from typing import NoReturn

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

_log = getLogger(__name__)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Makes ``mathml`` a value of ``html_math_renderer``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(page: HTML5Translator, node: nodes.math) -> NoReturn:
    page.body.append(_mathml(node, block=False))
    raise nodes.SkipNode


def _block(page: HTML5Translator, node: nodes.math_block) -> NoReturn:
    page.body.append(f'<div class="equation">{_mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def _mathml(node: nodes.Element, *, block: bool) -> str:
    """Warns, which fails the build, of what docutils cannot read."""
    latex = node.astext().strip()
    try:
        return str(tex2mathml(latex, as_block=block))
    except (MathError, SyntaxError) as error:
        _log.warning("the equation %s cannot be drawn: %s", latex, error, location=node)
        return ""
