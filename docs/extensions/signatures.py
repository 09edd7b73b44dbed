"""Defaults that are functions stand in signatures by their names, which Python can read."""

from __future__ import annotations

import re
from typing import Final

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_FUNCTION: Final = re.compile(r"<function (\w+)[^>]*>")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Has autodoc ask before it shows one."""
    app.connect("autodoc-process-signature", _named)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _named(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: object, signature: str | None, returned: str
) -> tuple[str | None, str]:
    return signature and _FUNCTION.sub(r"\1", signature), returned
