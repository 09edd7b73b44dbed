"""The first line of a report: which proxy to use here, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from search.show.number_format import decimal, p_equation, with_interval
from spaces.counted import counted

from .cards import SPREAD_PROXY
from .report_card import Estimate, ReportCard
from .stratum_report import StratumReport

__all__ = ["CONTROL", "CONTROLS", "study_verdict"]

CONTROL: Final = "params"
"""The proxy that only counts parameters."""

CONTROLS: Final[Mapping[str, str]] = {
    CONTROL: "the parameter count",
    SPREAD_PROXY: "how widely the allocation is spread",
    "constant": "the same score for every site",
}
"""Proxies that look at neither the model nor the data: what others must beat, none to recommend."""


def study_verdict(report: StratumReport) -> str:
    """Names the proxy to use, or says that none beats chance, or none the parameter count.

    It is the best of those that beat chance after Holm's correction and, where allocations differ in cost,
    the parameter count, with its rho, interval, share of the noise ceiling and leads. Controls are named
    only where nothing else beats chance.
    """
    judged = [card for card in report.cards if card.spearman.value is not None]
    if not judged:
        return f"Nothing can be said about {_allocations(report)}: {_why_not(report)}."
    contenders = [card for card in judged if card.proxy not in CONTROLS]
    found = [card for card in contenders if card.significant]
    best = next((card for card in found if card.over_params is None or card.over_params.above_zero), None)
    if best is not None:
        return f"Use {best.proxy}: it ranks the {_allocations(report)} with {_skill(best)}{_leads(best)}."
    if found:
        nearest = max(found, key=_over_params)
        return (
            f"No proxy is shown to beat {CONTROLS[CONTROL]} on these {_allocations(report)}; nearest: "
            f"{nearest.proxy}, with {_skill(nearest)}, {_difference(nearest.over_params)}."
        )
    runner_up = f" (best: {_chance(contenders[0])}{_in_reverse(contenders)})" if contenders else ""
    controls = [card for card in judged if card.significant]
    if controls:
        return (
            f"Only {_named(controls)} these {_allocations(report)} better than chance, "
            f"with {_skill(controls[0])}; no proxy is shown to{runner_up}."
        )
    return (
        f"No proxy is shown to rank these {_allocations(report)} better than chance"
        f"{runner_up}{_doubt(report)}."
    )


def _allocations(report: StratumReport) -> str:
    return counted(report.allocations, "allocation")


def _why_not(report: StratumReport) -> str:
    if report.allocations < 3:
        return "a ranking takes at least 3 that finished on every seed"
    if not report.cards:
        return "no proxy has scored them"
    return "their truth, or every proxy's score, is the same for all"


def _skill(card: ReportCard) -> str:
    """Rho with its interval and share of the ceiling."""
    skill = f"rho = {_given(card.spearman)}"
    if card.of_ceiling is None or card.of_ceiling.value is None:
        return skill
    if card.of_ceiling.value > 0.995:
        return f"{skill}, as high as the noise ceiling"
    return f"{skill}, {100 * card.of_ceiling.value:.0f} % of the noise ceiling"


def _leads(card: ReportCard) -> str:
    """What is known of its leads over the parameter count and the spread, where there are any; each interval
    is one of many, the proxy being the best of them."""
    leads = ((CONTROL, card.over_params), (SPREAD_PROXY, card.over_spread))
    ahead = [f"of {CONTROLS[name]} by {_given(one)}" for name, one in leads if one and one.above_zero]
    said = f", ahead {' and '.join(ahead)} (not corrected)" if ahead else ""
    spread = card.over_spread
    if spread is None or spread.value is None or spread.above_zero:
        return said
    return f"{said}, but is not shown to beat {CONTROLS[SPREAD_PROXY]} ({_difference(spread)})"


def _over_params(card: ReportCard) -> float:
    lead = card.over_params
    return -2.0 if lead is None or lead.value is None else lead.value


def _difference(lead: Estimate | None) -> str:
    if lead is None or lead.value is None:
        return "difference undefined"
    return f"difference {_given(lead)}"


def _named(controls: Sequence[ReportCard]) -> str:
    """Controls that rank better than chance, as the subject of a sentence with its verb."""
    *others, last = [f"{CONTROLS[card.proxy]} ({card.proxy})" for card in controls]
    return f"{', '.join(others)} and {last} rank" if others else f"{last} ranks"


def _chance(card: ReportCard) -> str:
    return f"{card.proxy}, rho = {_given(card.spearman)}, Holm-corrected {p_equation(card.p_holm)}"


def _in_reverse(cards: Sequence[ReportCard]) -> str:
    """Those that are shown to rank the wrong way round, to whom a small p may belong; nothing without one."""
    names = [card.proxy for card in cards if card.backwards]
    return f"; shown to rank them backwards: {', '.join(names)}" if names else ""


def _doubt(report: StratumReport) -> str:
    """A reason that is not the proxies' fault."""
    return "; nor do the seeds agree with each other, so train more of them" if report.ceiling == 0 else ""


def _given(estimate: Estimate) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high, write=decimal)
