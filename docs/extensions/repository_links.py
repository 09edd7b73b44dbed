"""Links to files of the repository, written as they hold there.

``results/`` is read through a link; MyST follows that, and then knows its pages no longer by their names.
What is no page of the site stays as words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_LINKED: Final = "results"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Looks at each page as soon as it is read."""
    app.connect("doctree-read", _named_as_here)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _named_as_here(app: Sphinx, page: nodes.document) -> None:
    results = (Path(app.srcdir) / _LINKED).resolve()
    for link in [node for node in page.findall(pending_xref) if node.get("refdomain") == "doc"]:
        target = Path(link["reftarget"])
        if target.is_relative_to(results):
            link["reftarget"] = (_LINKED / target.relative_to(results)).as_posix()
        elif target.is_absolute():
            link.replace_self(link.children)
