"""What a search has to tell of the adapter that it saves."""

from __future__ import annotations

from evaluators.adapters.story import Story
from search.job.text_story import written_by
from search.live.live_trial import LiveTrial
from search.live.trial_objective import OBJECTIVES
from search.live.values import values_of
from search.live.watcher import LiveSearch
from search.show.number_format import ABSENT, mean_sd
from search.show.table import interval_cell
from search.statistics.interval import Interval
from spaces.counted import counted

from .record import THE_WINNER, FinalistRecord, HeldOutRecord, SearchRecord

__all__ = ["story_of", "story_of_trial"]


def story_of(record: SearchRecord, *, task: str, command: str | None) -> Story:
    """The winner beside the baseline, on the rows that chose it and on those used once, and what
    both wrote.

    task: what the data is called. command: the line that did it.
    """
    best, baseline, rows = record.best, record.baseline, record.rows
    known = {part: counted(rows.get(part, 0), f"{part} row") for part in ("validation", "test")}
    on = [f"{record.metric_title}, {count}" for count in known.values()]
    how = ("lr, scaling",) if baseline.how else ()  # where each has its own
    header = ("allocation", *how, "parameters", "seeds", *on, f"test, minus {record.base} [95 %]")
    table = [_cells(baseline, best.test if best.is_baseline else best.baseline_test, None)]
    if not best.is_baseline:
        table.append(_cells(best.finalist, best.test, best.test_difference))
    who = record.base if best.is_baseline else THE_WINNER
    written = written_by(record.text, who, baseline=record.base)
    verdict = " ".join((record.verdict, *(f"Note: {note}." for note in record.notes)))
    return Story(task, record.budget, verdict, (header, *table), command, written)


def story_of_trial(
    trial: LiveTrial, search: LiveSearch, verdict: str, *, task: str, command: str | None
) -> Story:
    """A trial of a live search that no other beats in all objectives, as it did on the validation rows.

    search: that it is of, and its verdict. task: what the data is called. command: the line that did it.
    """
    objectives = search.settings.objectives
    values = zip(objectives, values_of(trial, objectives), strict=True)
    header = ("allocation", "trial", "parameters", "lr, scaling", *objectives)
    own = trial.configuration
    how = f"{own.learning_rate:g}, {own.scaling}"
    row = (str(trial.proposers[0]), str(trial.number), f"{trial.params:,}", how)
    shown = [OBJECTIVES[name].text(value) for name, value in values]
    return Story(task, search.max_params, verdict, (header, (*row, *shown)), command)


def _cells(one: FinalistRecord, tested: HeldOutRecord | None, apart: Interval | None) -> tuple[str, ...]:
    return (
        one.proposers[0],
        *([one.how] if one.how else []),
        f"{one.params:,}",
        f"{sum(own is not None for own in one.metrics.values())} of {len(one.metrics)}",
        mean_sd(one.metric_mean, one.metric_sd),
        ABSENT if tested is None else mean_sd(tested.mean, tested.sd),
        interval_cell(apart).text,
    )
