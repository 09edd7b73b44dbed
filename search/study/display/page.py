"""The page of a study: one HTML file that opens anywhere, without a network and without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from search.show.html_page import PagePicture, html_page, page_picture
from search.show.table import Table
from search.study.judging.stratum_report import StratumReport
from search.study.judging.uniform_verdict import uniform_verdict
from search.study.judging.verdict import study_verdict as verdict_on

from .card_tables import at_k_table, card_table, ceiling_line, correlation_table
from .contest_tables import contest_table, pick_table
from .cost_table import Cost, cost_table
from .plots import Image

__all__ = ["Section", "render_page"]

_TEMPLATE: Final = "page.html.jinja"


@dataclass(frozen=True, slots=True)
class Section:
    """One stratum's part of the page, and its pictures."""

    report: StratumReport
    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A section as the template reads it; ``contests`` is None where there is nothing to compare.

    place: its anchor. beaten: whether anything beats uniform. verdict: which proxy to use.
    """

    place: str
    title: str
    beaten: str
    verdict: str
    ceiling: str
    cards: Table
    details: tuple[Table, ...]
    contests: Table | None
    pictures: tuple[PagePicture, ...]


def render_page(
    *,
    title: str,
    headline: str,
    verdict: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    costs: Sequence[Cost],
    left_out: Sequence[tuple[str, str]],
) -> str:
    """The page as HTML; images are embedded.

    headline: whether anything beats uniform, which is what a reader asks first. verdict: which proxy to use.
    facts: names and values, such as ("model", "MiniLM"). left_out: proxies and why they are not judged.
    Raises ValueError where an image is not a PNG.
    """
    values = {
        "title": title,
        "headline": headline,
        "verdict": verdict,
        "facts": facts,
        "parts": [_part(number, section) for number, section in enumerate(sections, start=1)],
        "costs": cost_table(costs) if costs else None,
        "left_out": left_out,
    }
    return html_page("search.study.display", _TEMPLATE, values)


def _part(number: int, section: Section) -> _Part:
    report = section.report
    return _Part(
        f"part-{number}",
        f"{report.stratum}, truth: {report.truth_on_rows}",
        uniform_verdict(report),
        verdict_on(report),
        ceiling_line(report),
        card_table(report),
        (correlation_table(report), at_k_table(report), *([pick_table(report)] if report.contests else [])),
        contest_table(report) if report.contests else None,
        tuple(map(_picture, section.images)),
    )


def _picture(image: Image) -> PagePicture:
    data = image.path.read_bytes()
    return page_picture(data, caption=image.caption, finding=image.finding, name=str(image.path))
