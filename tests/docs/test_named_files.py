"""Files of ours that pages name in backticks are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import DOCS, PAGES

ROOT: Final = Path(__file__).parents[2]
NAMING: Final = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(DOCS / page for page in PAGES)]
_NAMED: Final = re.compile(r"`((?:spaces|proxies|evaluators|search|benchmarks|tests)/[\w/.-]+\.\w+)`")


@pytest.mark.parametrize("page", NAMING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_file_that_a_page_names_is_there(page):
    named = _NAMED.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_some_are_named():
    assert sum(len(_NAMED.findall(page.read_text(encoding="utf-8"))) for page in NAMING) > 10
