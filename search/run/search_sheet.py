"""The result of a search as the text that a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from search.job.run_names import (
    ADAPTER_FOLDER,
    ALLOCATION_FILE,
    ANSWERS_FILE,
    BEST_PLOT,
    FINALISTS_PLOT,
    FRONT_FOLDER,
    FRONT_PLOT,
    FRONT_TABLE,
    RANKS_PLOT,
    REPORT_PAGE,
    RESULT_FILE,
    RUNGS_PLOT,
    STUDY_FILE,
)
from search.job.text_lines import sample_lines, text_table
from search.live.live_record import LiveRecord
from search.live.nobody_stopped import nobody_stopped
from search.show.number_format import ABSENT, mean_sd
from search.show.sheet import Sheet
from search.show.table import Column, Table, TableCell, TableRow, count_cell, interval_cell
from search.statistics.summary import Summary
from spaces.counted import counted

from .record import THE_WINNER, FinalistRecord, HeldOutRecord, SearchRecord

__all__ = ["samples_of", "saved_line", "search_sheet"]


def search_sheet(record: SearchRecord) -> Sheet:
    """The verdict, what was known before, and below it all but ``samples_of``.

    The finalists as they did on the validation rows, the best first and the baseline last; what the rows used
    once say of the one chosen; notes and failures; how winner and baseline wrote. No path of a machine stands
    in it, so that it can be shown to others.
    """
    entries = [*record.finalists, record.baseline]
    failures = [f"failed: {_short(one.proposers)}: {reason}" for one in entries for reason in one.failures]
    notes = [f"note: {note}" for note in record.notes]
    trained = () if record.training is None else (record.training.text,)
    sentences = (*_chosen(record), *trained, *_trials(record), *failures, *notes, *_rest(record))
    text = record.text
    written = () if text is None else (text_table(text, baseline=record.base),)
    known = () if record.known is None else (record.known,)
    return Sheet(record.verdict, (known, _finalists(record, entries), sentences, *written))


def _finalists(record: SearchRecord, entries: Sequence[FinalistRecord]) -> Table:
    beside = list(dict.fromkeys(name for one in entries for name in one.beside))
    metric, base = record.metric, record.base
    chosen, numbered = any(one.how for one in entries), any(one.trial is not None for one in entries)
    columns = (
        *([Column("trial", ("trial",))] if numbered else []),
        Column("proposed by", ("proposed_by",), words=True),
        *([Column("lr, scaling", ("learning_rate", "scaling"))] if chosen else []),
        Column("parameters", ("parameters",)),
        Column(record.metric_title, (metric, f"{metric}_sd")),
        Column(f"minus {base} [95 %]", ("minus_uniform", "minus_uniform_low", "minus_uniform_high")),
        *(Column(name, (name,)) for name in beside),
        Column("s", ("seconds",), right=True),
    )
    rows = [
        TableRow(
            (
                *([_trial_cell(one)] if numbered else []),
                TableCell(_short(one.proposers), (", ".join(one.proposers),)),
                *([TableCell(one.how, (one.learning_rate, one.scaling))] if chosen else []),
                count_cell(one.params),
                TableCell(mean_sd(one.metric_mean, one.metric_sd), (one.metric_mean, one.metric_sd)),
                interval_cell(one.difference),
                *(_beside(one.beside.get(name)) for name in beside),
                TableCell(f"{one.seconds:.0f}", (one.seconds,)),
            )
        )
        for one in entries
    ]
    return Table("", columns, tuple(rows))


def _trial_cell(one: FinalistRecord) -> TableCell:
    return TableCell(ABSENT if one.trial is None else f"{one.trial}", (one.trial,))


def _beside(value: float | None) -> TableCell:
    return TableCell(ABSENT if value is None else _number(value), (value,))


def _chosen(record: SearchRecord) -> list[str]:
    """On which rows the table is, who was chosen, and what the rows that were used once say of it."""
    best, rows, metric = record.best, record.rows, record.metric_title
    base = record.base
    chosen = f"{base}, none is ahead of it" if best.is_baseline else _short(best.finalist.proposers)
    where = f"{counted(rows['validation'], 'validation row')}" if rows else "the validation rows of a table"
    less = ", less is better," if record.direction == "minimize" else ""
    said = [f"above: {metric}{less} on {where}; chosen by it: {chosen}"]
    if best.test is None:
        return [*said, "the table has no test rows"]
    on_test = f"test: {metric} on {counted(rows['test'], 'test row')}, used once: {_held_out(best.test)}"
    if best.is_baseline:
        return [*said, on_test, *_test_loss(record)]
    baseline, difference = _held_out(best.baseline_test), interval_cell(best.test_difference).text
    return [*said, f"{on_test}, {base} {baseline}, difference {difference}", *_test_loss(record)]


def _test_loss(record: SearchRecord) -> list[str]:
    """The loss on the rows used once, where it is not the metric and somebody wrote it down."""
    best = record.best
    own, theirs = _mean_loss(best.test), _mean_loss(best.baseline_test)
    if record.metric == "loss" or not own:
        return []
    if best.is_baseline:
        return [f"test loss: {own}"]
    apart = interval_cell(best.test_loss_difference).text
    return [f"test loss: {own}, {record.base} {theirs or ABSENT}, difference {apart}"]


def _trials(record: SearchRecord) -> list[str]:
    """What the trials of a live search came to, and what they took."""
    live = record.live
    if live is None:
        return []
    baselines = sum(trial.baseline for trial in live.trials)
    ends = [f"{count} {state}" for state in ("complete", "pruned", "failed") if (count := live.count(state))]
    share = live.steps / max(1, live.whole_steps)
    said = [
        f"{counted(len(live.trials), 'trial')} with seed {live.seed}, {baselines} of them baselines: "
        f"{', '.join(ends)}; {live.steps:,} candidate-steps, {share:.0%} of the {live.whole_steps:,} of "
        "training all to the end"
    ]
    said += [*_failed(live), *filter(None, [nobody_stopped(live, record.budget)])]
    if live.front:
        points = ", ".join(f"trial {one.trial} ({one.params:,})" for one in live.front)
        said.append(f"none is better in all of {', '.join(live.objectives)} than {points}, in parameters")
    return said


def _failed(live: LiveRecord) -> list[str]:
    """How many failed at each learning rate where some did, and why most of these."""
    said = []
    for rate in sorted({one.learning_rate for one in live.trials}):
        there = [one for one in live.trials if one.learning_rate == rate]
        reasons = Counter(one.failure for one in there if one.failure is not None)
        if reasons:
            (reason, _), *others = reasons.most_common()
            failed = f"{reasons.total()} of {counted(len(there), 'trial')} at learning rate {rate:g}"
            said.append(f"failed: {failed}: {reason}{', and other reasons' if others else ''}")
    return said


def _rest(record: SearchRecord) -> list[str]:
    spearman = {name: one.spearman for name, one in record.proxies.items()}
    known = ", ".join(f"{name} {'n/a' if rho is None else f'{rho:+.2f}'}" for name, rho in spearman.items())
    allocations = max((one.allocations for one in record.proxies.values()), default=0)
    seconds = ", ".join(f"{name.replace('_', '-')} {value:.0f} s" for name, value in record.seconds.items())
    said = [f"time: {seconds}"]
    if any(rho is not None for rho in spearman.values()):
        only = counted(allocations, "allocation")
        said = [f"rank correlation of proxies with the metric, over only {only}: {known}", *said]
    return said


def saved_line(record: SearchRecord) -> str:
    """What a search has left in its folder; of one that has one."""
    result = f"{RESULT_FILE} (.md, .csv)"
    if record.held_by is not None:
        return f"saved in {record.output}: {result}; the winner lies with another driver, {record.held_by}"
    seed, test = record.best.saved_seed, record.best.saved_test
    live = record.live
    files = [
        *([] if seed is None else [f"{ADAPTER_FOLDER}/ (seed {seed}, test {_number(test)})"]),
        *([] if record.text is None else [ANSWERS_FILE]),
        *(ALLOCATION_FILE, RANKS_PLOT, FINALISTS_PLOT),
        *([f"{FRONT_FOLDER}/", FRONT_TABLE, FRONT_PLOT] if live is not None and live.front else []),
        *([] if live is None else [REPORT_PAGE, BEST_PLOT, RUNGS_PLOT]),
        *([STUDY_FILE] if record.study is None else []),
        result,
    ]
    return f"saved in {record.output}: {', '.join(files)}"


def samples_of(record: SearchRecord) -> str:
    """Some of what winner and baseline wrote, below the table; empty where they were not asked to."""
    if record.text is None:
        return ""
    return "\n".join(sample_lines(record.text, names=(record.base, THE_WINNER)))


def _short(proposers: Sequence[str]) -> str:
    """The first proposer, and how many others came to the same allocation."""
    first, *others = proposers
    return first if not others else f"{first} (+{len(others)})"


def _number(value: float | None) -> str:
    return "failed" if value is None else f"{value:.4f}"


def _held_out(one: HeldOutRecord | None) -> str:
    """With the other metrics in brackets, where there are some."""
    if one is None:
        return "-"
    beside = ", ".join(f"{name} {_number(value)}" for name, value in one.beside.items())
    return mean_sd(one.mean, one.sd) + (f" ({beside})" if beside else "")


def _mean_loss(one: HeldOutRecord | None) -> str:
    """With its spread; empty where nobody wrote it down, or no run finished."""
    finished = [] if one is None else [loss for loss in one.losses if loss is not None]
    if not finished:
        return ""
    summary = Summary.of(finished)
    return mean_sd(summary.mean, summary.sd)
