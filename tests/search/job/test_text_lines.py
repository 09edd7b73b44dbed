"""Numbers and samples of text as a person reads them, in 80 columns."""

from __future__ import annotations

from dataclasses import replace

from search.job.text_lines import how_generated, sample_lines, text_of_all, text_table
from search.job.text_record import TextRecord, TextSample
from tests.nasty import LONG, NASTY

RECORD = TextRecord(
    prompts=3,
    decoding={"beams": 4, "length_penalty": 0.8, "no_repeat_ngram": 4, "max_new_tokens": 1},
    scores={
        "winner": {"bleu": (20.0, 22.0), "ter": (50.0, None)},
        "uniform": {"bleu": (18.0, 21.0), "ter": (None, None)},
    },
    samples=(
        TextSample("the\n\tprompt", ("first", "second"), {"winner": "", "uniform": "x " * 400}),
        TextSample(NASTY, (LONG,), {"winner": NASTY}),
        TextSample("third", ("a",), {}),
    ),
)


def test_how_text_was_generated_is_one_sentence():
    assert how_generated(RECORD) == (
        "text: answers to 3 prompts of the rows to report on, by 4 beams, length penalty 0.8, no 4-gram said "
        "twice, at most 1 token"
    )
    greedy = {"beams": 1, "length_penalty": 0.8, "no_repeat_ngram": 0, "max_new_tokens": 64}
    assert "on, greedily, at most 64 tokens" in how_generated(replace(RECORD, decoding=greedy))


def test_a_line_a_metric_has_the_difference_seed_by_seed():
    head, bleu, ter = text_table(RECORD, baseline="uniform").lines()[-3:]
    assert head.split("  ")[0] == "text"
    assert "minus uniform [95 %]" in head
    assert "21.00 ± 1.41" in bleu
    assert "+1.50 [-4.85, +7.85]" in bleu  # 2 and 1: t of one degree of freedom
    assert ter.startswith("ter (less is better)  50.00")
    assert ter.split()[-2:] == ["-", "-"]


def test_where_the_baseline_is_alone_there_is_no_difference():
    alone = replace(RECORD, scores={"uniform": RECORD.scores["winner"]})
    assert "minus" not in "".join(text_table(alone, baseline="uniform").lines())


def test_a_line_for_everyone_has_a_column_a_metric():
    head, first, second = text_of_all(RECORD, ["uniform", "winner"]).lines()[-3:]
    assert head.split("  ")[0] == "text"
    assert first.startswith("uniform  19.50 ± 2.12")
    assert second.startswith("winner   21.00 ± 1.41")


def test_samples_are_cut_and_hold_nothing_that_moves_a_line():
    lines = sample_lines(RECORD, names=("uniform", "winner"))
    assert lines[:3] == ["", "prompt: the prompt", "reference (+1): first"]
    assert "winner: (nothing)" in lines
    assert sum(line.startswith(("uniform:", "  x")) for line in lines) == 4
    assert any(line.endswith("...") for line in lines)
    solved = "so he pays " * 60 + "#### 42"
    long = replace(RECORD, samples=(TextSample("p", (solved,), {"winner": solved}),))
    lines = sample_lines(long, names=("winner",))
    assert len(lines) == 10
    assert [line.endswith("#### 42") for line in lines].count(True) == 2
    assert all(line.isprintable() for line in lines)
    assert not any("third" in line for line in lines)
