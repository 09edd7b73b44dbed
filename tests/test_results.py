"""Every result has a page, the index names it, and what is named is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from proxies.registry import OFFERED, PROXIES, UNPROVEN
from search.study.judging.verdict import CONTROLS

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
def test_every_page_begins_with_its_title(page):
    assert page.read_text(encoding="utf-8").startswith("# ")


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


def test_the_proxies_that_are_offered_are_those_that_a_committed_table_shows_to_be_of_use():
    """At one budget, or of single sites: the whole 95 % interval of the rank correlation lies above 0."""
    shown: set[str] = set()
    for path in RESULTS.glob("study-*/report.json"):
        for report in json.loads(path.read_text(encoding="utf-8"))["reports"]:
            rho = {card["proxy"]: card["spearman"] for card in report["cards"]}
            shown |= {name for name, one in rho.items() if one["low"] is not None and one["low"] > 0}
    for path in (RESULTS / "proxies").glob("ladder-*.json"):
        for stratum in json.loads(path.read_text(encoding="utf-8"))["strata"]:
            shown |= {name for name, one in stratum["proxies"].items() if one["rho"][1] > 0}
    assert set(OFFERED) == (shown & set(PROXIES)) | set(CONTROLS)
    assert not set(UNPROVEN) & shown
