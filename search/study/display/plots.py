"""The plots of a study: each stratum's report as pictures, and the scores of sites as maps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from evaluators.store.benchmark_table import BenchmarkTable, Entry
from proxies.site_scores import SiteScores
from search.show.forest_plot import ForestLine, draw_forest
from search.show.regret_plot import MOST_CURVES, RegretCurve, RegretPoint, draw_regret
from search.show.scatter_plots import Look, Truths, draw_scatters
from search.study.judging.chance_regret import chance_regret
from search.study.judging.columns import origins_of, scores_of, truths_of
from search.study.judging.judge import KS
from search.study.judging.mean_truth import mean_over_seeds
from search.study.judging.report_card import ReportCard
from search.study.judging.stratum_report import StratumReport
from search.study.judging.verdict import CONTROL
from search.study.origin import UNIFORM_ORIGIN, Group, group_of
from spaces.counted import counted
from spaces.direction import Direction
from spaces.show.picture import short
from spaces.show.score_maps import draw_score_maps

from .findings import forest_finding, maps_finding, regret_finding, scatter_finding

__all__ = ["LOOKS", "Image", "clear_plots", "draw_correlations", "draw_proxy_maps", "draw_stratum"]


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG file. caption: what is drawn. finding: what it shows, for those who do not see it."""

    caption: str
    finding: str
    path: Path


LOOKS: Final[Mapping[str, Look]] = {  # in the order of GROUPS
    "random": Look("#8a8f98", "o", 13),
    "other": Look("#000000", "X", 18),
    "proxy pick": Look("#0072b2", "D", 14),
    "one site": Look("#56b4e9", "P", 20),
    "all but one site": Look("#cc79a7", "v", 20),
    "one kind or role": Look("#e69f00", "^", 20),
    "top- or bottom-heavy": Look("#009e73", "s", 16),
    "uniform": Look("#d55e00", "*", 95),
}
"""Okabe and Ito's colours (Color Universal Design, 2008), safe for the colour-blind, and a grey."""

_OURS: Final = re.compile(r"((\d+|pooled)-(metric|loss)-(forest|regret|scatter)|sites-[a-z()-]+)\.png")


def clear_plots(plots: Path) -> None:
    """Makes the folder, and removes from it what an earlier report has drawn."""
    plots.mkdir(parents=True, exist_ok=True)
    for old in [path for path in plots.iterdir() if _OURS.fullmatch(path.name)]:
        old.unlink()


def draw_stratum(
    table: BenchmarkTable,
    entries: Sequence[Entry],
    report: StratumReport,
    place: Path,
    *,
    direction: Direction = "maximize",
) -> tuple[Image, ...]:
    """All pictures of one stratum's report, written to files that begin with ``place``.

    Args:
        table: the study's.
        entries: the stratum's.
        report: on these entries.
        place: a path without an ending.
        direction: of the task's metric.
    """
    truths = truths_of(entries, report.truth, direction)
    finished = np.isfinite(truths).all(axis=1)
    if not finished.any():
        return draw_correlations(report, place, chance={})
    truths, count = truths[finished], int(finished.sum())
    mean = mean_over_seeds(truths, np.arange(truths.shape[1]))
    images = draw_correlations(report, place, chance_regret(mean, [k for k in KS if k <= count]))
    path = place.with_name(f"{place.name}-scatter.png")
    scores, groups = scores_of(table, entries), _groups(entries, finished)
    draw_scatters(
        {card.proxy: scores[card.proxy][finished] for card in report.cards},
        Truths(mean, _sd(truths), groups, truth_label(report)),
        LOOKS,
        path,
    )
    found = _scatter_finding(report, mean, groups)
    return (*images, Image("every proxy's score against the truth", found, path))


def draw_correlations(report: StratumReport, place: Path, chance: Mapping[int, float]) -> tuple[Image, ...]:
    """The forest plot and the regret curves of a report, written to files that begin with ``place``.

    chance: the regret of a random choice at each k, where it is known.
    """
    forest, regret = (place.with_name(f"{place.name}-{what}.png") for what in ("forest", "regret"))
    title = f"{report.stratum}: {counted(report.allocations, 'allocation')}"
    seeds = counted(report.seeds, "seed")
    label = f"Spearman ρ with {short(report.truth_name)}, mean over {seeds}; 95 % interval"
    lines, (curves, baseline) = forest_lines(report), favourite_curves(report)
    draw_forest(lines, forest, title=title, label=label, ceiling=report.ceiling)
    unit = report.regret_unit
    draw_regret(curves, regret, title=title, unit=unit, baseline=baseline, chance=chance)
    correlated = forest_finding(lines, truth=report.truth_name, ceiling=report.ceiling)
    lost = regret_finding(curves, baseline, chance, unit=unit)
    return (
        Image("rank correlation of every proxy with the truth, 95 % intervals", correlated, forest),
        Image("what training only a proxy's k best would lose", lost, regret),
    )


def draw_proxy_maps(site_scores: Mapping[str, Sequence[SiteScores]], plots: Path) -> list[Image]:
    """A picture for each scaling rule: what every proxy says of every site."""
    images = []
    for rule, tables in site_scores.items():
        path = plots / f"sites-{rule.replace('/', '-')}.png"
        draw_score_maps({one.proxy: one.by_site for one in tables}, tables[0].space, path)
        caption = f"site scores, layer by role, as ranks among all sites ({rule})"
        images.append(Image(caption, maps_finding(tables), path))
    return images


def forest_lines(report: StratumReport) -> list[ForestLine]:
    """Spearman's correlation of every proxy."""
    return [
        ForestLine(card.proxy, card.spearman.value, card.spearman.low, card.spearman.high, card.significant)
        for card in report.cards
    ]


def favourite_curves(report: StratumReport) -> tuple[list[RegretCurve], RegretCurve | None]:
    """The regrets of the five proxies of highest Spearman, and those of the parameter count."""
    others = [card for card in report.cards if card.spearman.value is not None and card.proxy != CONTROL]
    best = sorted(others, key=lambda card: card.spearman.value or 0.0, reverse=True)[:MOST_CURVES]
    baseline = next((card for card in report.cards if card.proxy == CONTROL), None)
    return [_curve(card) for card in best], _curve(baseline) if baseline else None


def truth_label(report: StratumReport) -> str:
    """The axis of the truth: what it is, on which rows, over how many seeds."""
    return f"{short(report.truth_on_rows, inches=4)}, mean ± sd over {counted(report.seeds, 'seed')}"


def _curve(card: ReportCard) -> RegretCurve:
    known = [(at.k, at.regret) for at in card.at_k]
    return RegretCurve(
        card.proxy,
        tuple(RegretPoint(k, one.value, one.low, one.high) for k, one in known if one.value is not None),
    )


def _scatter_finding(report: StratumReport, mean: np.ndarray, groups: Sequence[Group]) -> str:
    """mean, groups: of the allocations that finished on every seed."""
    uniform = mean[[group == UNIFORM_ORIGIN.group for group in groups]]
    return scatter_finding(
        {card.proxy: card.spearman.value for card in report.cards},
        truth=report.truth_name,
        allocations=report.allocations,
        uniform=1 + int((mean > uniform).sum()) if len(uniform) else None,
    )


def _groups(entries: Sequence[Entry], finished: np.ndarray) -> list[Group]:
    return [group_of(origins_of(entry)) for entry, kept in zip(entries, finished, strict=True) if kept]


def _sd(truths: np.ndarray) -> np.ndarray:
    """Over seeds, (allocations,); 0 with one seed."""
    sd: np.ndarray = truths.std(axis=1, ddof=1) if truths.shape[1] > 1 else np.zeros(len(truths))
    return sd
