"""The first line of a comparison's report: is anything shown to beat uniform LoRA here, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.metrics.chance import Chance, nothing_learned
from search.show.number_format import p_equation, with_interval
from search.statistics.paired import PairedDifference
from spaces.counted import counted
from spaces.direction import Direction

from .leaderboard import ArmRuns, Row
from .questions import Answer

__all__ = ["verdict"]


def verdict(
    arms: Sequence[ArmRuns],
    rows: Sequence[Row],
    best: Answer | None,
    baseline: str | None,
    *,
    metric: str,
    rows_tested: int,
    chance: Chance | None,
    direction: Direction = "maximize",
) -> str:
    """Whether the best allocation beats uniform LoRA; of arms that allot nothing, whether the best does.

    best: the answer of ``best_allocation``, None where no arm is one. rows: as the leaderboard has them.
    metric, direction: what it is called, and in which direction it is better. rows_tested: how many test
    rows there are, which all of it is of. chance: on those; None where that means nothing. p-values are
    corrected for all arms of the table.
    """
    runs = [run.evaluation for one in arms for run in one.runs]
    if (reason := nothing_learned(runs, metric, chance, direction=direction)) is not None:
        return f"Nothing was learned, so no method can be told from another: {reason}."
    where = f"{metric} on {counted(rows_tested, 'test row')}"
    if baseline is None:
        return f"There is no uniform LoRA to compare with; {rows[0].label} is first by {where}."
    others = [(row.label, row.difference) for row in rows if row.difference is not None]
    if not others:
        return (
            f"There is nothing to compare with {baseline}: no other method finished a seed that it finished."
        )
    if best is not None and best.label is not None:
        gain = best.difference.gain(direction)
        return _sentence("allocation", best.label, best.difference, gain, baseline, where, best.compared)
    label, nearest = max(others, key=lambda pair: pair[1].gain(direction))
    return _sentence("method", label, nearest, nearest.gain(direction), baseline, where, len(others))


def _sentence(
    what: str, label: str, apart: PairedDifference, gain: float, baseline: str, where: str, compared: int
) -> str:
    interval = apart.interval
    p = "" if apart.p_holm is None else f", Holm-corrected {p_equation(apart.p_holm)}"
    amount = with_interval(interval.mean, interval.low, interval.high, 4)
    said = f"{amount} in {where}{p}, {counted(len(apart.of_seeds), 'seed')}"
    of = f"the best of {counted(compared, 'other')}" if compared > 1 else "the only other"
    if apart.shown and gain > 0:
        return f"Yes: {label}, {of}, beats {baseline} by {said} (the interval is over seeds alone)."
    return (
        f"Not shown that any {what} beats {baseline}: {label}, {of}, differs from it by "
        f"{said}{apart.doubt or ''}."
    )
