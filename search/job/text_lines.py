"""What models wrote as lines that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evaluators.metrics.of_text import find_text_metric
from search.show.aligned_text import WIDTH, wrapped
from search.show.number_format import ABSENT, mean_sd
from search.show.table import Column, Table, TableCell, TableRow, interval_cell, word_cell
from search.statistics.interval import Interval
from search.statistics.paired import PairedDifference
from search.statistics.summary import Summary
from spaces.counted import counted
from spaces.printable import printable

from .text_record import TextRecord

__all__ = ["how_generated", "sample_lines", "text_of_all", "text_table"]

_SHOWN: Final = 2
_LONGEST: Final = 4  # lines of one text, half of them its end, where answers say what is judged


def how_generated(record: TextRecord) -> str:
    """On how many prompts, and how they were answered."""
    own = record.decoding
    beams = int(own["beams"])
    how = (
        "greedily" if beams == 1 else f"by {counted(beams, 'beam')}, length penalty {own['length_penalty']:g}"
    )
    if own["no_repeat_ngram"]:
        how += f", no {own['no_repeat_ngram']:g}-gram said twice"
    return (
        f"text: answers to {counted(record.prompts, 'prompt')} of the rows to report on, {how}, at most "
        f"{counted(int(own['max_new_tokens']), 'token')}"
    )


def text_of_all(record: TextRecord, names: Sequence[str]) -> Table:
    """A row for each of these names, a column a metric: mean and spread over seeds."""
    metrics = record.metrics
    columns = (
        Column("text", ("text",), words=True),
        *(Column(_title(metric), (metric, f"{metric}_sd")) for metric in metrics),
    )
    rows = [
        TableRow((word_cell(name), *(_mean_and_sd(record.scores[name][metric]) for metric in metrics)))
        for name in names
    ]
    return Table(how_generated(record), columns, tuple(rows), name="text")


def text_table(record: TextRecord, *, baseline: str) -> Table:
    """A row a metric: everyone's mean and spread over seeds, and how the first differs from the baseline."""
    names = list(record.scores)
    others = [name for name in names if name != baseline][:1]
    minus = tuple(f"minus_{baseline}{bound}" for bound in ("", "_low", "_high"))
    columns = (
        Column("text", ("text",), words=True),
        *(Column(name, (name, f"{name}_sd")) for name in names),
        *(Column(f"minus {baseline} [95 %]", minus) for _ in others),
    )
    rows = [
        TableRow(
            (
                TableCell(_title(metric), (metric,)),
                *(_mean_and_sd(record.scores[name][metric]) for name in names),
                *(interval_cell(_apart(record, metric, name, baseline), 2) for name in others),
            )
        )
        for metric in record.metrics
    ]
    return Table(how_generated(record), columns, tuple(rows), name="text")


def _mean_and_sd(values: Sequence[float | None]) -> TableCell:
    """Of the seeds that wrote; a dash where none did."""
    known = [value for value in values if value is not None]
    if not known:
        return TableCell(ABSENT, (None, None))
    summary = Summary.of(known)
    return TableCell(mean_sd(summary.mean, summary.sd, 2), (summary.mean, summary.sd))


def sample_lines(record: TextRecord, *, names: Sequence[str], count: int = _SHOWN) -> list[str]:
    """The first prompts with a reference and what those of these names answered, cut to a few lines each."""
    lines: list[str] = []
    for sample in record.samples[:count]:
        more = f" (+{len(sample.references) - 1})" if len(sample.references) > 1 else ""
        said = [(name, sample.answers[name]) for name in names if name in sample.answers]
        texts = [("prompt", sample.prompt), (f"reference{more}", sample.references[0]), *said]
        lines += ["", *(line for name, text in texts for line in _cut(name, text))]
    return lines


def _title(metric: str) -> str:
    return metric + (" (less is better)" if find_text_metric(metric).direction == "minimize" else "")


def _apart(record: TextRecord, metric: str, name: str, baseline: str) -> Interval | None:
    apart = PairedDifference.of(record.scores[name][metric], record.scores[baseline][metric])
    return None if apart is None else apart.interval


def _cut(name: str, text: str) -> list[str]:
    """A text in one paragraph, its beginning and its end where it is long."""
    whole = wrapped(f"{printable(name)}: {' '.join(text.split()) or '(nothing)'}")
    if len(whole) <= _LONGEST:
        return whole
    half = _LONGEST // 2
    *first, last = whole[:half]
    return [*first, f"{last[: WIDTH - 4]} ...", *whole[-half:]]
