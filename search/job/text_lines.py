"""What models wrote as lines that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evaluators.metrics.of_text import find_text_metric
from search.show.aligned_text import WIDTH, aligned, wrapped
from search.show.number_format import with_interval
from search.statistics.paired import PairedDifference
from search.statistics.summary import Summary
from spaces.counted import counted
from spaces.printable import printable

from .text_record import TextRecord

__all__ = ["how_generated", "sample_lines", "text_of_all", "text_rows", "text_table"]

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


def _mean_and_sd(values: Sequence[float | None]) -> str:
    """Of the seeds that wrote; a dash where none did."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    summary = Summary.of(known)
    return f"{summary.mean:.2f}" + ("" if summary.sd is None else f" ± {summary.sd:.2f}")


def text_of_all(record: TextRecord, names: Sequence[str]) -> list[str]:
    """A line for each of these names, a column a metric: mean and spread over seeds."""
    rows = [("text", *(_title(metric) for metric in record.metrics))]
    rows += [(name, *(_mean_and_sd(own) for own in record.scores[name].values())) for name in names]
    return aligned(rows)


def text_table(record: TextRecord, *, baseline: str) -> list[str]:
    """``text_rows`` as lines."""
    return aligned(text_rows(record, baseline=baseline))


def text_rows(record: TextRecord, *, baseline: str) -> list[tuple[str, ...]]:
    """A row a metric: everyone's mean and spread over seeds, and how the first differs from the baseline."""
    names = list(record.scores)
    others = [name for name in names if name != baseline]
    rows: list[tuple[str, ...]] = [("text", *names, *(f"minus {baseline} [95 %]" for _ in others[:1]))]
    for metric in record.metrics:
        cells = [_mean_and_sd(record.scores[name][metric]) for name in names]
        apart = [_apart(record, metric, name, baseline) for name in others[:1]]
        rows.append((_title(metric), *cells, *apart))
    return rows


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


def _apart(record: TextRecord, metric: str, name: str, baseline: str) -> str:
    apart = PairedDifference.of(record.scores[name][metric], record.scores[baseline][metric])
    if apart is None:
        return "-"
    return with_interval(apart.interval.mean, apart.interval.low, apart.interval.high)


def _cut(name: str, text: str) -> list[str]:
    """A text in one paragraph, its beginning and its end where it is long."""
    whole = wrapped(f"{printable(name)}: {' '.join(text.split()) or '(nothing)'}")
    if len(whole) <= _LONGEST:
        return whole
    half = _LONGEST // 2
    *first, last = whole[:half]
    return [*first, f"{last[: WIDTH - 4]} ...", *whole[-half:]]
