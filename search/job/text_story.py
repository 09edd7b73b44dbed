"""What models wrote, as an adapter's model card tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from evaluators.adapters.story import Written
from search.show.number_format import ABSENT

from .text_lines import how_generated, text_table
from .text_record import TextRecord, TextSample

__all__ = ["written_by"]

_SHOWN: Final = 3
_LONGEST: Final = 400  # characters of one text


def written_by(record: TextRecord | None, name: str, *, baseline: str) -> Written | None:
    """What one and the baseline wrote, its scores and a few samples; None where no text was written.

    record: of these two and perhaps others. name: may be the baseline's.
    """
    if record is None:
        return None
    names = [own for own in dict.fromkeys((name, baseline)) if own in record.scores]
    own = replace(record, scores={name: record.scores[name] for name in names})
    order = names[::-1]  # the baseline first
    samples = [_row(one, order) for one in record.samples[:_SHOWN]]
    scores = text_table(own, baseline=baseline)
    return Written(
        how_generated(record),
        (scores.head, *(row.texts for row in scores.rows)),
        (("prompt", "reference", *order), *samples) if samples else (),
    )


def _row(sample: TextSample, names: Sequence[str]) -> tuple[str, ...]:
    more = f" (and {len(sample.references) - 1} more)" if len(sample.references) > 1 else ""
    answers = [_cut(sample.answers[name]) if name in sample.answers else ABSENT for name in names]
    return _cut(sample.prompt), _cut(sample.references[0]) + more, *answers


def _cut(text: str) -> str:
    """A text in one paragraph, its beginning where it is long."""
    whole = " ".join(text.split()) or "(nothing)"
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]} ..."
