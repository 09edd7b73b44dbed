"""The first line of a comparison's report: is anything shown to beat uniform LoRA here, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.metrics.chance import Chance
from evaluators.training.nothing_learned import nothing_learned
from search.show.doubted import doubted
from search.show.number_format import p_equation
from search.show.table import interval_cell
from search.statistics.paired import PairedDifference
from spaces.counted import counted
from spaces.direction import Direction

from .questions import Finding
from .standing import ArmRuns, Standing

__all__ = ["comparison_verdict"]


def comparison_verdict(
    arms: Sequence[ArmRuns],
    standings: Sequence[Standing],
    best: Finding | None,
    baseline: str | None,
    *,
    metric: str,
    direction: Direction = "maximize",
    chance: Chance | None,
    test_rows: int,
) -> str:
    """Whether the best allocation beats uniform LoRA at its budget; of arms that allot nothing, whether the
    best does.

    p-values are corrected for all arms of the table.

    Args:
        arms: every run of theirs, on the test rows.
        standings: of the arms, the best first.
        best: the answer of the best allocation; None where no arm is one.
        baseline: the label of uniform LoRA; None where there is none.
        metric, direction: what is compared, as a person must know it, and in which direction it is better.
        chance: on the test rows; None where that means nothing.
        test_rows: how many there are.
    """
    runs = [run.evaluation for one in arms for run in one.runs]
    if (reason := nothing_learned(runs, metric, chance, direction=direction)) is not None:
        return f"Nothing was learned, so no method can be told from another: {reason}."
    where = f"{metric} on {counted(test_rows, 'test row')}"
    if baseline is None:
        return f"There is no uniform LoRA to compare with; {standings[0].label} is first by {where}."
    budgets = {one.budget for one in standings if one.label == baseline}
    others = [
        (one.label, one.difference)
        for one in standings
        if one.difference is not None and one.budget in budgets
    ]
    if not others:
        elsewhere = len({one.budget for one in standings}) > 1
        at_it = " at its budget" if elsewhere else ""
        return (
            f"There is nothing to compare with {baseline}: no other method{at_it} finished a seed that it "
            "finished."
        )
    if best is not None and best.label is not None:
        label, nearest, compared, what = best.label, best.difference, best.compared, "allocation"
    else:
        label, nearest = max(others, key=lambda pair: pair[1].rank(direction))
        compared, what = len(others), "method"
    of = f"the best of {counted(compared, f'other {what}')}" if compared > 1 else f"the only other {what}"
    said = f"{_amount(nearest, where)}, {counted(len(nearest.of_seeds), 'seed')}"
    if nearest.won(direction):
        return f"Yes: {label}, {of}, beats {baseline} by {said} (the interval is over seeds alone)."
    return (
        f"Not shown that any {what} beats {baseline}: {label}, {of}, differs from it by "
        f"{said}{doubted(nearest)}."
    )


def _amount(apart: PairedDifference, where: str) -> str:
    p = "" if apart.p_holm is None else f", Holm-corrected {p_equation(apart.p_holm)}"
    return f"{interval_cell(apart.interval).text} in {where}{p}"
