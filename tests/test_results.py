"""Every result has a page, the index names it, and what is named is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
RESULTS: Final = ROOT / "results"
INDEX: Final = (RESULTS / "README.md").read_text(encoding="utf-8")
EVIDENCE: Final = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
PAGES: Final = [ROOT / "README.md", *sorted(RESULTS.rglob("*.md"))]
CODE: Final = ("spaces", "proxies", "evaluators", "search", "benchmarks", "docs", "tests")
_LINK: Final = re.compile(r"\]\(([^()\s]+)\)")
_PAGE: Final = re.compile(r"^\*\*\[.*?\]\(([a-z0-9-]+)/README\.md\)\*\*", re.MULTILINE)
_TOLD: Final = re.compile(r"^results/([a-z0-9-]+)/(?:README|\*\*)$", re.MULTILINE)
_NAMED: Final = re.compile(r"\bresults/[a-z0-9][\w./-]*\w")


def addressed(page: Path) -> set[Path]:
    """Where the links and pictures of a page lead, those to elsewhere left out."""
    found = (address.partition("#")[0] for address in _LINK.findall(page.read_text(encoding="utf-8")))
    return {(page.parent / path).resolve() for path in found if path and "://" not in path}


def test_every_folder_has_a_page_and_a_paragraph_of_the_index():
    folders = sorted(path.name for path in RESULTS.iterdir() if path.is_dir())
    assert [name for name in folders if not (RESULTS / name / "README.md").is_file()] == []
    assert sorted(_PAGE.findall(INDEX)) == folders


def test_nothing_lies_beside_the_index_but_how_experiments_are_made():
    assert {path.name for path in RESULTS.iterdir() if path.is_file()} == {"README.md", "design.md"}


def test_the_documentation_has_the_order_of_the_index():
    assert _TOLD.findall(EVIDENCE) == _PAGE.findall(INDEX)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_link_or_picture_leads_nowhere(page):
    assert {path for path in addressed(page) if not path.exists()} == set()


def test_a_picture_that_lies_beside_a_page_is_on_it():
    """What a run draws by the dozen lies in folders of its own."""
    drawn = set(RESULTS.glob("*/*.png"))
    shown = {path for page in RESULTS.glob("*/README.md") for path in addressed(page)}
    assert drawn - shown == set()


def test_files_of_results_that_code_and_pages_name_are_there():
    texts = [*PAGES, *ROOT.glob("*.md"), *(path for name in CODE for path in (ROOT / name).rglob("*.py"))]
    named = {
        (path.relative_to(ROOT).as_posix(), found)
        for path in texts
        for found in _NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert {(path, found) for path, found in named if not (ROOT / found).exists()} == set()
