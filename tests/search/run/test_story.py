"""What is told of a search's winner."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from search.job.text_record import TextRecord, TextSample
from search.run.record import THE_WINNER, BestRecord, SearchRecord
from search.run.search_sheet import samples_of, search_sheet
from search.run.story import story_of

KNOWN = Path(__file__).with_name("known_result.json")
RECORD = SearchRecord.of_json(json.loads(KNOWN.read_text()))


def test_the_winner_stands_beside_uniform_with_seeds_and_interval() -> None:
    story = story_of(RECORD, task="rotten_tomatoes", command="rankscape run")
    header, uniform, winner = story.measured
    assert header[3:] == (
        "accuracy, 320 validation rows",
        "accuracy, 320 test rows",
        "test, minus uniform [95 %]",
    )
    assert uniform == ("uniform", "2,299,392", "3 of 3", "0.6875 ± 0.0331", "0.7000 ± 0.0650", "-")
    assert winner == (
        *("spectrum/exact", "2,297,856", "3 of 3", "0.6917 ± 0.0343", "0.6937 ± 0.0608"),
        "-0.0063 [-0.0331, +0.0206]",
    )
    assert (story.task, story.budget, story.command) == ("rotten_tomatoes", 2_300_000, "rankscape run")
    assert story.verdict == RECORD.verdict


def test_seeds_that_failed_are_not_among_those_counted() -> None:
    baseline = replace(RECORD.baseline, metrics={"0": 0.7, "1": None, "2": 0.6})
    _, uniform, _ = story_of(replace(RECORD, baseline=baseline), task="t", command=None).measured
    assert uniform[2] == "2 of 3"


def test_uniform_that_won_stands_alone() -> None:
    best = BestRecord(RECORD.baseline, True, RECORD.best.baseline_test, None, None, 0, 0.7)
    _, uniform = story_of(replace(RECORD, best=best), task="t", command=None).measured
    assert uniform[4] == "0.7000 ± 0.0650"


def test_rows_that_nobody_counted_and_tests_that_there_were_not_are_no_error() -> None:
    best = replace(RECORD.best, test=None, baseline_test=None, test_difference=None)
    _, uniform, winner = story_of(replace(RECORD, rows={}, best=best), task="t", command=None).measured
    assert uniform[4:] == winner[4:] == ("-", "-")


@pytest.mark.parametrize("name", ["uniform", "uniform[q,v]", "uniform[all]"])
def test_the_baseline_has_its_own_name_wherever_it_is_told_of(name: str) -> None:
    scores = {THE_WINNER: {"bleu": (20.0, 22.0)}, name: {"bleu": (18.0, 21.0)}}
    said = TextSample("ask", ("truth",), {THE_WINNER: "better", name: "good"})
    decoding = {"beams": 1, "no_repeat_ngram": 0, "max_new_tokens": 8, "length_penalty": 1.0}
    how = {"learning_rate": 3e-4, "scaling": "constant"}
    baseline = replace(RECORD.baseline, proposers=(name,), **how)
    best = replace(RECORD.best, finalist=replace(RECORD.best.finalist, learning_rate=1e-3, scaling="alpha/r"))
    record = replace(RECORD, baseline=baseline, best=best, text=TextRecord(1, decoding, scores, (said,)))
    story = story_of(record, task="t", command=None)
    assert story.written is not None
    header, base, winner = story.measured
    assert (header[1], header[-1]) == ("lr, scaling", f"test, minus {name} [95 %]")
    assert (base[:2], winner[1]) == ((name, "0.0003, constant"), "0.001, alpha/r")
    assert story.written.scores[0][1:] == (THE_WINNER, name, f"minus {name} [95 %]")
    assert story.written.samples[0][2:] == (name, THE_WINNER)
    sheet = search_sheet(record).text
    assert sheet.count(f"minus {name} [95 %]") == 2  # of the metric and of the texts
    assert f"{name}: good" in samples_of(record)


@pytest.mark.parametrize("evaluator", ["supernet", "table"])
def test_what_answered_in_place_of_fine_tuning_stands_in_table_result_and_card(evaluator: str) -> None:
    record = replace(RECORD, evaluator=evaluator, notes=("nothing was fine-tuned", *RECORD.notes))
    again = SearchRecord.of_json(json.loads(json.dumps(record.to_json())))
    assert again.evaluator == evaluator
    verdict = story_of(again, task="t", command=None).verdict
    assert verdict == f"{RECORD.verdict} Note: nothing was fine-tuned."
    assert "note: nothing was fine-tuned" in search_sheet(again).text


@pytest.mark.parametrize("name", ["uniform", "uniform[all]", "uniform[q,v]"])
@pytest.mark.parametrize("winner", [(), (THE_WINNER,)])
def test_texts_of_an_older_version_that_called_every_baseline_uniform_are_drawn(name, winner) -> None:
    scores = {who: {"bleu": (20.0, 22.0)} for who in (*winner, "uniform")}
    said = TextSample("p", ("a",), dict.fromkeys(scores, "good"))
    decoding = {"beams": 1, "length_penalty": 1.0, "no_repeat_ngram": 0, "max_new_tokens": 8}
    baseline = replace(RECORD.baseline, proposers=(name,))
    written = replace(RECORD, baseline=baseline, text=TextRecord(1, decoding, scores, (said,)))
    again = SearchRecord.of_json(json.loads(json.dumps(written.to_json())))
    assert again.text is not None
    assert list(again.text.scores) == list(again.text.samples[0].answers) == [*winner, name]
    assert search_sheet(again).text.count(f"minus {name} [95 %]") == 1 + len(winner)
    assert f"{name}: good" in samples_of(again)
