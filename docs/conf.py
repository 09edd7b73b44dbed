"""How the documentation is built: `make docs`, or `python -m sphinx -W --keep-going docs build/docs`.

Nothing is fetched, neither while it is built nor when a page is read: equations are MathML, and fonts are the
reader's own.
"""

import logging
import sys
from importlib.metadata import version as version_of
from pathlib import Path

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE.parent), str(_HERE / "extensions")]  # this checkout, then what is beside this file

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # misses a kernel whenever PEFT is imported

project = "Rankscape"
release = version = version_of("rankscape")
project_copyright = "the authors of Rankscape, Apache-2.0"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "named_things",
    "registries",
    "repository_links",
    "signatures",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["extensions", "look"]
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r".*")]  # names of other libraries, and ours that are no part of the API

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_param = False  # of several arguments in one line a list is made, no field

html_theme = "furo"
html_title = f"Rankscape {release}"
html_static_path = ["look"]
html_css_files = ["rankscape.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"
