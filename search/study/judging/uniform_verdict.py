"""Whether anything in a study beats the uniform allocation, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from search.show.number_format import p_equation, with_interval
from spaces.counted import all_counted, counted

from .stratum_report import Contest, StratumReport

__all__ = ["uniform_verdict", "uniform_verdict_on_all"]


def uniform_verdict(report: StratumReport) -> str:
    """Whether any allocation of a stratum is shown to beat the uniform one, and by how much.

    It is shown where the difference is above 0 after Holm's correction for all that were tried.
    """
    fought = report.contests
    if not fought:
        return "No allocation was compared with the uniform one here."
    best = max(fought, key=lambda one: one.difference.mean)
    told, others = _described(best, report), counted(len(fought), "other allocation")
    if won := sum(one.won for one in fought):
        if len(fought) == 1:
            return f"Yes: the only other allocation beats the uniform one of the same budget: {told}."
        beat = f"{won} of {others} {'beats' if won == 1 else 'beat'} the uniform one of the same budget"
        return f"Yes: {beat}{'' if won == 1 else ', most of all'} {told}."
    if best.difference.mean < 0:
        whom = all_counted(len(fought), "other allocation")
        return f"No: the uniform allocation is ahead of {whom}; nearest: {told}."
    which = "the only other allocation" if len(fought) == 1 else f"any of {others}"
    return f"Not shown that {which} beats the uniform one; best: {told}."


def uniform_verdict_on_all(reports: Sequence[StratumReport]) -> str:
    """The same of all strata that are judged by the truth of the first report."""
    own = [one for one in reports if one.truth == reports[0].truth and one.contests]
    if len(own) < 2:
        return uniform_verdict(own[0] if own else reports[0])
    won = [one for one in own if any(contest.won for contest in one.contests)]
    if not won:
        return f"Not shown that anything beats the uniform allocation, in any of {len(own)} strata."
    names = "; ".join(one.stratum for one in won)
    return f"Yes, in {len(won)} of {len(own)} strata allocations beat the uniform one: {names}."


def _described(contest: Contest, report: StratumReport) -> str:
    apart = contest.difference
    shown = with_interval(apart.mean, apart.low, apart.high, 4)
    chance = "" if contest.p_holm is None else f", Holm-corrected {p_equation(contest.p_holm)}"
    unit = report.truth_name
    return f"{contest.origins[0]}, by {shown} in {unit}{chance}"
