"""What a model card is told of text."""

from __future__ import annotations

from search.job.text_record import TextRecord, TextSample
from search.job.text_story import written_by

DECODING = {"beams": 1, "length_penalty": 1.0, "no_repeat_ngram": 0, "max_new_tokens": 5}
SAMPLES = tuple(
    TextSample(f"ask {n}\nnow", ("one", "two")[: 1 + n % 2], {"winner": "w" * 500, "uniform": ""})
    for n in range(5)
)
RECORD = TextRecord(
    prompts=5,
    decoding=DECODING,
    scores={
        "winner": {"bleu": (20.0, 30.0)},
        "other": {"bleu": (None, None)},
        "uniform": {"bleu": (19.0, 29.0)},
    },
    samples=SAMPLES,
)


def test_the_winner_stands_beside_uniform_with_three_samples() -> None:
    written = written_by(RECORD, "winner", baseline="uniform")
    assert written is not None
    assert written.how.startswith("text: answers to 5 prompts of the rows to report on, greedily")
    header, bleu = written.scores
    assert header == ("text", "winner", "uniform", "minus uniform [95 %]")
    assert bleu[:3] == ("bleu", "25.00 ± 7.07", "24.00 ± 7.07")
    head, first, second, _third = written.samples
    assert head == ("prompt", "reference", "uniform", "winner")
    assert first == ("ask 0 now", "one", "(nothing)", "w" * 400 + " ...")
    assert second[1] == "one (and 1 more)"


def test_uniform_that_won_stands_alone_and_one_that_failed_has_a_dash() -> None:
    alone = written_by(RECORD, "uniform", baseline="uniform")
    assert alone is not None
    assert (alone.scores[0], alone.samples[0][2:]) == (("text", "uniform"), ("uniform",))
    failed = written_by(RECORD, "other", baseline="uniform")
    assert failed is not None
    assert failed.samples[1][2:] == ("(nothing)", "-")


def test_where_nothing_was_written_nothing_is_told() -> None:
    assert written_by(None, "winner", baseline="uniform") is None
