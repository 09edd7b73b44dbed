"""Whether anything in a study beats the uniform allocation, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from search.show.doubted import doubted
from search.show.number_format import p_equation, with_interval
from search.statistics.paired import holm_corrected
from spaces.counted import all_counted, counted

from .stratum_report import Contest, StratumReport

__all__ = ["uniform_verdict", "uniform_verdict_on_all"]

_NONE_COMPARED: Final = "No allocation was compared with the uniform one here."


def uniform_verdict(report: StratumReport) -> str:
    """Whether any allocation of a stratum is shown to beat the uniform one, and by how much.

    It is shown where the difference is above 0 over enough seeds, after Holm's correction for all that were
    tried; and that none does, where every other is shown to be worse.
    """
    fought = report.contests
    if not fought:
        return _NONE_COMPARED
    best = max(fought, key=lambda one: one.difference.rank("maximize"))
    told, others = _described(best, report), counted(len(fought), "other allocation")
    if won := sum(one.won for one in fought):
        whom = "the uniform one of the same budget" if report.kind == "budget" else "the uniform one"
        if len(fought) == 1:
            return f"Yes: the only other allocation beats {whom}: {told}."
        beat = f"{won} of {others} {'beats' if won == 1 else 'beat'} {whom}"
        return f"Yes: {beat}{':' if won == 1 else ', most of all'} {told}."
    if doubt := doubted(best.difference):
        told += f", {counted(len(best.difference.of_seeds), 'seed')}{doubt}"
    if all(one.difference.lost("maximize") for one in fought):
        whom = all_counted(len(fought), "other allocation")
        return f"No: the uniform allocation beats {whom}; nearest: {told}."
    which = "the only other allocation" if len(fought) == 1 else f"any of {others}"
    behind = all(one.difference.gain("maximize") < 0 for one in fought)
    best_of_them = "none is ahead of it on the mean; nearest" if behind else "best"
    return f"Not shown that {which} beats the uniform one; {best_of_them}: {told}."


def uniform_verdict_on_all(reports: Sequence[StratumReport]) -> str:
    """The same of all strata of one budget that are judged by the truth of the first report."""
    of_budgets = [one for one in reports if one.kind == "budget" and one.contests]
    own = [one for one in of_budgets if one.truth == reports[0].truth]
    if not own:
        return _NONE_COMPARED
    if len(own) == 1:
        return uniform_verdict(own[0])
    corrected = iter(holm_corrected([contest.difference for one in own for contest in one.contests]))
    wins = [[next(corrected).won("maximize") for _ in one.contests] for one in own]
    won = [one for one, of_it in zip(own, wins, strict=True) if any(of_it)]
    if not won:
        return (
            f"Not shown that anything beats the uniform allocation in any of {len(own)} strata, corrected "
            "for all of them."
        )
    names = "; ".join(one.stratum for one in won)
    return (
        f"Yes, in {len(won)} of {len(own)} strata allocations beat the uniform one, corrected for all of "
        f"them: {names}."
    )


def _described(contest: Contest, report: StratumReport) -> str:
    apart, p_holm = contest.difference.interval, contest.difference.p_holm
    shown = with_interval(apart.mean, apart.low, apart.high, 4)
    chance = "" if p_holm is None else f", Holm-corrected {p_equation(p_holm)}"
    unit = report.truth_name
    return f"{contest.origins[0]}, by {shown} in {unit}{chance}"
