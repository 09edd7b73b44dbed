"""The first line of a report: which proxy to use here, in one sentence."""

from __future__ import annotations

from .report_card import Card, Estimate, StratumReport

__all__ = ["CONTROL", "verdict"]

CONTROL = "params"
"""The proxy that only counts parameters: what the others must beat, not one to recommend."""


def verdict(report: StratumReport) -> str:
    """Names the best proxy that beats chance after Holm's correction, or says that none does.

    With its rho, interval, share of the noise ceiling, and lead over the parameter count where that varies.
    The parameter count itself is named only where nothing else beats chance.
    """
    judged = [card for card in report.cards if card.spearman.value is not None]
    if not judged:
        return f"Nothing can be said about {_allocations(report)}: {_why_not(report)}."
    contenders = [card for card in judged if card.proxy != CONTROL]
    beats_chance = [card for card in judged if card.significant]
    if any(card.proxy != CONTROL for card in beats_chance):
        best = next(card for card in beats_chance if card.proxy != CONTROL)
        return f"Use {best.proxy}: it ranks the {_allocations(report)} with {_skill(best)}{_lead(best)}."
    runner_up = f" (best: {_chance(contenders[0])})" if contenders else ""
    if beats_chance:
        return (
            f"Only the parameter count ({CONTROL}) ranks these {_allocations(report)} better than chance, "
            f"with {_skill(beats_chance[0])}; no proxy does{runner_up}."
        )
    return f"No proxy ranks these {_allocations(report)} better than chance{runner_up}{_doubt(report)}."


def _allocations(report: StratumReport) -> str:
    return f"{report.allocations} allocation{'' if report.allocations == 1 else 's'}"


def _why_not(report: StratumReport) -> str:
    if report.allocations < 3:
        return "a ranking takes at least 3 that finished on every seed"
    if not report.cards:
        return "no proxy has scored them"
    return "their truth, or every proxy's score, is the same for all"


def _skill(card: Card) -> str:
    """Rho with its interval and share of the ceiling."""
    skill = f"rho = {_value(card.spearman)}{_interval(card.spearman)}"
    if card.of_ceiling is None:
        return skill
    if card.of_ceiling > 0.995:
        return f"{skill}, as high as the noise ceiling"
    return f"{skill}, {100 * card.of_ceiling:.0f} % of the noise ceiling"


def _lead(card: Card) -> str:
    """Whether it beats the parameter count; nothing where all allocations cost the same."""
    lead = card.over_params
    if lead is None or lead.value is None:
        return ""
    if lead.low is not None and lead.low > 0:
        return f", and beats the parameter count by {_value(lead)}{_interval(lead)}"
    return f", but is not shown to beat the parameter count (difference {_value(lead)}{_interval(lead)})"


def _chance(card: Card) -> str:
    p = "p < 0.001" if card.p_holm < 0.001 else f"p = {card.p_holm:.2g}"
    return f"{card.proxy}, rho = {_value(card.spearman)}{_interval(card.spearman)}, Holm-corrected {p}"


def _doubt(report: StratumReport) -> str:
    """A reason that is not the proxies' fault."""
    return "; nor do the seeds agree with each other, so train more of them" if report.ceiling == 0 else ""


def _value(estimate: Estimate) -> str:
    return f"{estimate.value:.2f}"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f" [{estimate.low:.2f}, {estimate.high:.2f}]"
