"""The picture of finalists shows whom the table has, and what the rows used once say of the chosen one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from search.run.finalists_plot import draw_finalists, finalist_lines
from search.run.record import SearchRecord


@pytest.fixture(scope="module")
def record() -> SearchRecord:
    return SearchRecord.of_json(json.loads((Path(__file__).parent / "known_result.json").read_text("utf-8")))


def test_finalists_come_as_in_the_table_and_the_chosen_one_once_more(record):
    lines = finalist_lines(record)
    *entries, last = lines
    assert [one.name for one in entries] == [one.proposers[0] for one in (*record.finalists, record.baseline)]
    assert entries[-1].difference is None
    assert [one.difference for one in entries[:-1]] == [one.difference for one in record.finalists]
    assert last.name == f"{record.best.finalist.proposers[0]} on test rows"
    assert (last.mean, last.difference) == (record.best.test.mean, record.best.test_difference)


def test_of_the_baseline_nothing_is_shown_twice(record):
    chosen = replace(record, best=replace(record.best, is_baseline=True))
    assert len(finalist_lines(chosen)) == len(record.finalists) + 1


def test_who_finished_no_run_is_left_out_and_a_failed_seed_has_no_dot(record):
    first, *rest = record.finalists
    failed = replace(first, metric_mean=None, metrics=dict.fromkeys(first.metrics))
    halted = replace(rest[0], metrics={**rest[0].metrics, "0": None})
    lines = finalist_lines(replace(record, finalists=(failed, halted, *rest[1:])))
    assert lines[0].name == halted.proposers[0]
    assert len(lines[0].values) == len(halted.metrics) - 1


def test_trials_of_one_proposer_are_told_apart_by_rate_and_rule(record):
    first, second = (
        replace(record.finalists[0], proposers=("tpe",), learning_rate=rate, scaling=rule)
        for rate, rule in ((1e-3, "alpha/r"), (4e-4, "constant"))
    )
    chosen = replace(record.best, finalist=second)
    lines = finalist_lines(replace(record, finalists=(first, second), best=chosen))
    assert [one.name for one in lines[:2]] == ["tpe (0.001, alpha/r)", "tpe (0.0004, constant)"]
    assert lines[-1].name == "tpe (0.0004, constant) on test rows"


def test_it_is_drawn(record, tmp_path):
    draw_finalists(record, tmp_path / "finalists.png")
    assert (tmp_path / "finalists.png").read_bytes().startswith(b"\x89PNG")
