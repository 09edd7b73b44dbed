"""What is told of a search's winner."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from search.run.record import BestRecord, SearchRecord
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
