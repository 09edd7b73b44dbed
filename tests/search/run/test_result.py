"""The result object: pairs by seed, failures kept in sight, the table readable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluators.training.candidate import Candidate, Evaluation, Trained
from proxies.site_scores import per_unit_of_rank
from search.run.finalist import Finalist
from search.run.result import Conclusion, Outcome, result_of
from search.run.table import format_table
from search.run.verdict import Judged
from search.sampling.proposals import Proposal
from spaces.allocation import Allocation


def finalist(rank, metrics, *proposers, score=1.0):
    allocation = Allocation.of({"layers.0.q": rank})
    runs = [
        Trained(
            Evaluation(
                Candidate(allocation, seed, 1e-3),
                metric,
                None if metric is None else 1 - metric,
                "the training loss became nan at step 3 of 9" if metric is None else None,
                (0.7,),
                2.0,
                10**6,
            ),
            {},
        )
        for seed, metric in enumerate(metrics)
    ]
    return Finalist(Proposal(allocation, proposers, 32 * rank, (("grad_norm", score),)), tuple(runs))


BASELINE = finalist(2, [0.70, 0.72, 0.74], "uniform", score=2.0)
BETTER = finalist(4, [0.80, 0.83, 0.86], "grad_norm/exact", "tpe", score=4.0)
BROKEN = finalist(3, [0.90, None, 0.95], "snip/exact", score=3.0)


@pytest.fixture
def result(make_space):
    return result_with(make_space, Conclusion(BETTER.runs[2], [0.81, None, 0.83], [0.70, 0.71, None]))


def result_with(make_space, tested, notes=()):
    space = make_space([(16, 16), (16, 16)], (0, 2, 4))
    outcome = Outcome((BASELINE, BROKEN, BETTER), BETTER, tested)
    scores = [per_unit_of_rank("grad_norm", "dense", space, np.array([1.0, 2.0]))]
    seconds = {"scoring": 1.0, "proposing": 2.0, "fine_tuning": 3.0}
    return result_of(
        outcome,
        space=space,
        max_params=128,
        scores=scores,
        judged=Judged("accuracy", {"train": 90, "validation": 10, "test": 1}, None, "accuracy"),
        notes=notes,
        seconds=seconds,
        output=Path("runs/x"),
    )


def test_a_finalist_that_lost_a_seed_ranks_behind_one_that_did_not(result):
    assert [entry["proposers"][0] for entry in result["finalists"]] == ["grad_norm/exact", "snip/exact"]
    assert result["finalists"][1]["failures"] == ["the training loss became nan at step 3 of 9"]
    assert result["finalists"][1]["metrics"] == {"0": 0.90, "1": None, "2": 0.95}


def test_the_test_difference_pairs_by_seed(result):
    assert result["best"]["test_difference"]["mean"] == pytest.approx(0.11)  # seed 0 alone has both
    assert result["best"]["test_difference"]["low"] is None
    assert (result["best"]["saved_seed"], result["best"]["saved_test"]) == (2, 0.83)


def test_proxies_are_compared_with_the_metric_over_all_that_finished(result):
    assert result["proxies"]["grad_norm"] == {
        "point": "dense",
        "spearman": pytest.approx(0.5),
        "allocations": 3,
    }


def test_the_table_says_what_was_chosen_and_what_failed(result):
    text = format_table(result)
    lines = text.splitlines()
    assert lines[0] == result["verdict"]
    assert lines[2].split()[:3] == ["proposed", "by", "parameters"]
    assert lines[3].startswith("grad_norm/exact (+1)  128")
    assert lines[5].startswith("uniform               64")
    assert "above: accuracy on 10 validation rows; chosen by it: grad_norm/exact (+1)" in lines
    assert "failed: snip/exact: the training loss became nan at step 3 of 9" in lines
    assert "test: accuracy on 1 test row, used once: 0.8200 ± 0.0141, uniform 0.7050" in text
    assert "adapter/ (seed 2, test 0.8300)" in text


def test_without_test_rows_the_keys_stay_and_hold_nothing(make_space, result):
    untested = result_with(make_space, None)
    assert untested["best"].keys() == result["best"].keys()
    lacking = {key for key, value in untested["best"].items() if value is None}
    assert lacking == {"test", "baseline_test", "test_difference", "saved_seed", "saved_test"}
    lines = format_table(untested).splitlines()
    assert "the table has no test rows" in lines
    assert lines[-1] == "saved in runs/x: allocation.json, ranks.png, study.db, result.json"


def test_notes_of_the_task_are_kept_and_printed(make_space):
    noted = result_with(make_space, None, notes=("F1 is of 'fraud', the rarer class",))
    assert noted["notes"] == ["F1 is of 'fraud', the rarer class"]
    noted = {**noted, "metric_title": "f1 of 'fraud'"}
    assert any(line.startswith("above: f1 of 'fraud' on") for line in format_table(noted).splitlines())
    assert "note: F1 is of 'fraud', the rarer class" in format_table(noted).splitlines()


def test_no_line_but_the_verdict_is_wider_than_a_terminal(make_space, result):
    long = "ensemble:adam_signal@warm+sensitivity_sum@warm+root:grad_norm/exact"
    for entry in [*result["finalists"], result["best"]]:
        entry["proposers"] = [long, "tpe"]
    result["proxies"] = {f"{long}{i}"[:70]: result["proxies"]["grad_norm"] for i in range(9)}
    result["budget"] = result["baseline"]["params"] = 7_000_000_000
    result["notes"] = ["a word " * 30]
    lines = format_table(result).splitlines()
    assert max(map(len, lines[1:])) <= 80
    assert "".join(line[:18].strip() for line in lines[3:8]).startswith("ensemble:adam_signal@warm+")
