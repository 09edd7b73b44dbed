"""The result of a search as the text that a person reads."""

from __future__ import annotations

from collections.abc import Sequence

from search.job.text_lines import how_generated, sample_lines, text_table
from search.show.aligned_text import aligned, wrapped
from search.show.number_format import with_interval
from search.statistics.interval import Interval
from spaces.counted import counted
from spaces.printable import printable

from .record import THE_UNIFORM, THE_WINNER, HeldOutRecord, SearchRecord

__all__ = ["format_table", "samples_of"]


def format_table(record: SearchRecord) -> str:
    """The verdict in one line, then lines of at most 80 columns, without ``samples_of``.

    The finalists as they did on the validation rows, the best first and the baseline last; what the rows used
    once say of the one chosen; notes and failures; where all of it lies.
    """
    entries = [*record.finalists, record.baseline]
    beside = list(dict.fromkeys(name for one in entries for name in one.beside))
    rows = [("proposed by", "parameters", record.metric_title, "minus uniform [95 %]", *beside, "s")]
    rows += [
        (
            _short(one.proposers),
            f"{one.params:,}",
            _mean_sd(one.metric_mean, one.metric_sd),
            _interval(one.difference),
            *(_number(one.beside[name]) if name in one.beside else "-" for name in beside),
            f"{one.seconds:.0f}",
        )
        for one in entries
    ]
    failures = [f"failed: {_short(one.proposers)}: {reason}" for one in entries for reason in one.failures]
    notes = [f"note: {note}" for note in record.notes]
    sentences = [*_chosen(record), *failures, *notes, *_rest(record, len(entries))]
    lines = [line for sentence in sentences for line in wrapped(sentence)]
    table = aligned(rows, right=(len(rows[0]) - 1,))
    return "\n".join([printable(record.verdict), "", *table, "", *lines, *_text(record)])


def _chosen(record: SearchRecord) -> list[str]:
    """On which rows the table is, who was chosen, and what the rows that were used once say of it."""
    best, rows, metric = record.best, record.rows, record.metric_title
    chosen = "uniform, none is ahead of it" if best.is_baseline else _short(best.finalist.proposers)
    where = f"{counted(rows['validation'], 'validation row')}" if rows else "the validation rows of a table"
    less = ", less is better," if record.direction == "minimize" else ""
    said = [f"above: {metric}{less} on {where}; chosen by it: {chosen}"]
    if best.test is None:
        return [*said, "the table has no test rows"]
    on_test = f"test: {metric} on {counted(rows['test'], 'test row')}, used once: {_held_out(best.test)}"
    if best.is_baseline:
        return [*said, on_test]
    baseline, difference = _held_out(best.baseline_test), _interval(best.test_difference)
    return [*said, f"{on_test}, uniform {baseline}, difference {difference}"]


def _rest(record: SearchRecord, allocations: int) -> list[str]:
    spearman = {name: one.spearman for name, one in record.proxies.items()}
    known = ", ".join(f"{name} {'n/a' if rho is None else f'{rho:+.2f}'}" for name, rho in spearman.items())
    seconds = ", ".join(f"{name.replace('_', '-')} {value:.0f} s" for name, value in record.seconds.items())
    said = [f"time: {seconds}"]
    if known:
        only = counted(allocations, "allocation")
        said = [f"rank correlation of proxies with the metric, over only {only}: {known}", *said]
    if record.output is None:
        return said
    seed, test = record.best.saved_seed, record.best.saved_test
    adapter = "" if seed is None else f"adapter/ (seed {seed}, test {_number(test)}), "
    answers = "" if record.text is None else "answers.jsonl, "
    files = f"{adapter}{answers}allocation.json, ranks.png, study.db, result.json"
    return [*said, f"saved in {record.output}: {files}"]


def _text(record: SearchRecord) -> list[str]:
    """How well winner and baseline wrote, where they were asked to."""
    text = record.text
    if text is None:
        return []
    return ["", *wrapped(how_generated(text)), *text_table(text, baseline=THE_UNIFORM)]


def samples_of(record: SearchRecord) -> str:
    """Some of what winner and baseline wrote, below the table; empty where they were not asked to."""
    if record.text is None:
        return ""
    return "\n".join(sample_lines(record.text, names=(THE_UNIFORM, THE_WINNER)))


def _short(proposers: Sequence[str]) -> str:
    """The first proposer, and how many others came to the same allocation."""
    first, *others = proposers
    return first if not others else f"{first} (+{len(others)})"


def _number(value: float | None) -> str:
    return "failed" if value is None else f"{value:.4f}"


def _mean_sd(mean: float | None, sd: float | None) -> str:
    return _number(mean) + ("" if sd is None else f" ± {sd:.4f}")


def _held_out(one: HeldOutRecord | None) -> str:
    """With the other metrics in brackets, where there are some."""
    if one is None:
        return "-"
    beside = ", ".join(f"{name} {_number(value)}" for name, value in one.beside.items())
    return _mean_sd(one.mean, one.sd) + (f" ({beside})" if beside else "")


def _interval(difference: Interval | None) -> str:
    if difference is None:
        return "-"
    return with_interval(difference.mean, difference.low, difference.high, 4)
