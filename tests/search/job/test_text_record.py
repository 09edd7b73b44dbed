"""What was written down is read as it was."""

from __future__ import annotations

import json
from dataclasses import asdict

from search.job.text_record import TextRecord, TextSample

RECORD = TextRecord(
    prompts=3,
    decoding={"beams": 4, "length_penalty": 0.8, "no_repeat_ngram": 0, "max_new_tokens": 7},
    scores={"winner": {"bleu": (20.0, None), "ter": (50.0, None)}, "uniform": {"bleu": (18.0, 19.0)}},
    samples=(TextSample("p", ("a", "b"), {"winner": "a", "uniform": ""}),),
)


def test_a_record_comes_back_from_json():
    assert TextRecord.of_json(json.loads(json.dumps(asdict(RECORD)))) == RECORD
    assert TextRecord.of_json(None) is None


def test_its_metrics_are_those_of_all():
    assert RECORD.metrics == ("bleu", "ter")
