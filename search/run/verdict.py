"""The first line of a search's report: does any allocation beat the uniform one here, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluators.metrics.chance import Chance
from evaluators.objectives.labels import Labels
from evaluators.objectives.task_objective import TaskObjective
from evaluators.training.nothing_learned import nothing_learned
from search.sampling.proposer import UNIFORM
from search.show.doubted import doubted
from search.show.table import interval_cell
from search.statistics.paired import LEVEL, PairedDifference, holm_corrected
from spaces.counted import counted
from spaces.direction import Direction

from .finalist import Finalist

__all__ = ["Judged", "verdict"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the metric is of. rows: by part, ``validation`` and ``test``; empty where a table does not say.
    chance: on the validation rows; None where they are not known. title: the metric and whose it is.
    direction: in which it is better."""

    metric: str
    rows: Mapping[str, int]
    chance: Chance | None
    title: str
    direction: Direction = "maximize"

    @classmethod
    def of(cls, objective: TaskObjective, rows: Mapping[str, int], validation: Labels) -> Judged:
        """By an objective. validation: the labels of the validation rows."""
        chance = objective.chance(validation)
        return cls(objective.metric, rows, chance, objective.metric_title, objective.direction)


def verdict(
    finalists: Sequence[Finalist],
    winner: Finalist,
    tested: tuple[Sequence[float | None], Sequence[float | None]] | None,
    judged: Judged,
) -> str:
    """Whether the winner is shown to beat the baseline, the uniform allocation, by how much, on which rows.

    finalists: the baseline first. tested: the metric per seed of the winner and of the baseline on
    the rows used once. Without them the validation rows decide, which also chose the winner: its p-value is
    then corrected for the number of finalists. Shown is what ``PairedDifference`` calls so, over
    seeds alone: how other rows would answer is not in the interval.
    """
    runs = [run.evaluation for finalist in finalists for run in finalist.runs]
    if (reason := nothing_learned(runs, judged.title, judged.chance, direction=judged.direction)) is not None:
        return f"Nothing was learned, so no allocation can be told from another: {reason}."
    if winner is finalists[0]:
        return _none_ahead(finalists, judged)
    if tested is None:
        return _by_validation(finalists, winner, judged)
    return _by_test(finalists, winner, PairedDifference.of(*tested), judged)


def _by_test(
    finalists: Sequence[Finalist], winner: Finalist, apart: PairedDifference | None, judged: Judged
) -> str:
    """apart: the winner and the baseline. The same runs chose the winner, by other rows."""
    name, base, where = winner.proposal.name, _base(finalists), _where(judged, "test")
    if apart is None:
        return (
            f"Not shown that any allocation beats {base}: no seed of {name} and {base} gave both a "
            f"metric {where}."
        )
    others = len(finalists) - 1
    apart, chosen = apart.the_best_of(others), "chosen by validation"
    said = f"{_amount(apart)} in {judged.title} {where}, {_seeds(apart)}"
    won, lost = apart.won(judged.direction), apart.lost(judged.direction)
    if won or lost:
        among = "" if others == 1 else f"; its p-value is corrected for {counted(others, 'finalist')}"
        said += f" (the interval is over seeds alone{among})"
        if won:
            return f"Yes: {name}, {chosen}, beats {base} by {said}."
        return f"No: {name}, {chosen}, is worse than {base}, {said}."
    luck, ahead = "", apart.gain(judged.direction) > 0
    if ahead and apart.doubt == "" and apart.p_value is not None and apart.p_value < LEVEL:
        luck = f", which the choice among {counted(others, 'finalist')} may have made"
    return (
        f"Not shown that any allocation beats {base}: {name}, {chosen}, differs from it by {said}"
        f"{luck}{doubted(apart)}."
    )


def _none_ahead(finalists: Sequence[Finalist], judged: Judged) -> str:
    """Where the baseline itself was chosen: how the nearest of the others did."""
    baseline, *others = finalists
    base, where = _base(finalists), _where(judged, "validation")
    nearest = max(others, key=lambda finalist: finalist.rank, default=None)
    if nearest is None:
        if baseline.proposal.configuration is None:
            return f"Not shown that any allocation beats {base}: no other was trained."
        return f"Not shown that any allocation beats {base}: no other trial was trained to the end."
    if (apart := PairedDifference.of(nearest.metrics, baseline.metrics)) is None:
        return f"Not shown that any allocation beats {base}: none other finished {where}."
    seeds = _seeds(apart)
    name = nearest.proposal.name
    if failed := len(baseline.finished) - len(nearest.finished):
        seeds += f", but {failed} of its {counted(len(nearest.runs), 'run')} failed"
    return (
        f"Not shown that any allocation beats {base}: the best other, {name}, differs from it by "
        f"{_amount(apart)} in {judged.title} {where}, {seeds}, so {base} is chosen."
    )


def _by_validation(finalists: Sequence[Finalist], winner: Finalist, judged: Judged) -> str:
    name, base = winner.proposal.name, _base(finalists)
    apart, where = _corrected(winner, finalists), _where(judged, "validation")
    if apart is None:
        return (
            f"Not shown that any allocation beats {base}: no seed of {name} and {base} gave both a "
            f"metric {where}."
        )
    said = f"{_amount(apart)} in {judged.title} {where}, {_seeds(apart)}"
    if apart.gain(judged.direction) <= 0:
        fewer = len(winner.finished) > len(finalists[0].finished)
        why = "fewer of its runs failed" if fewer else "its mean over all of its own seeds is the better one"
        return (
            f"Not shown that any allocation beats {base}: {name}, chosen since {why}, differs from it by "
            f"{said}{doubted(apart)}."
        )
    said += f"; the same rows chose it among {counted(len(finalists) - 1, 'finalist')}"
    if apart.won(judged.direction):
        return f"Yes: {name} beats {base} by {said}, for which its p-value is corrected."
    return (
        f"Not shown that any allocation beats {base}: {name} is ahead by {said}, so that this is "
        f"partly luck{doubted(apart)}."
    )


def _corrected(winner: Finalist, finalists: Sequence[Finalist]) -> PairedDifference | None:
    """The winner's difference to the baseline, corrected for those of all finalists."""
    baseline, *others = finalists
    apart = [(other, PairedDifference.of(other.metrics, baseline.metrics)) for other in others]
    known = [(other, one) for other, one in apart if one is not None]
    corrected = holm_corrected([one for _, one in known])
    return next((one for (other, _), one in zip(known, corrected, strict=True) if other is winner), None)


def _where(judged: Judged, part: str) -> str:
    rows = judged.rows.get(part)
    return f"on {counted(rows, f'{part} row')}" if rows else f"on the {part} rows"


def _base(finalists: Sequence[Finalist]) -> str:
    """What the others are compared with: of several baselines the best, which is then named."""
    baseline = finalists[0].proposal
    return str(UNIFORM) if baseline.configuration is None else baseline.name


def _amount(apart: PairedDifference) -> str:
    return interval_cell(apart.interval).text


def _seeds(apart: PairedDifference) -> str:
    return counted(len(apart.of_seeds), "seed")
