"""The result object: pairs by seed, failures kept in sight, the table readable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluators.objectives.task_objective import Score
from evaluators.training.candidate import Candidate, Evaluation, Trained
from proxies.site_scores import per_unit_of_rank
from search.job.findings import known_at
from search.run.finalist import Finalist
from search.run.problem import Problem
from search.run.record import SearchRecord
from search.run.result import Conclusion, Result
from search.run.search_sheet import saved_line, search_sheet
from search.run.training_record import TrainingRecord
from search.run.verdict import Judged
from search.sampling.proposals import Proposal
from search.sampling.proposer import Proposer
from spaces.allocation import Allocation

KNOWN = Path(__file__).with_name("known_result.json")


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
    by = tuple(Proposer(name, proxy or None) for proxy, _, name in (one.rpartition("/") for one in proposers))
    return Finalist(Proposal(allocation, by, 32 * rank, (("grad_norm", score),)), tuple(runs))


def conclusion(*tested) -> Conclusion:
    """Of the metrics of winner and baseline."""
    return Conclusion(*([one if one is None else Score(one, 1 - one) for one in own] for own in tested))


BASELINE = finalist(2, [0.70, 0.72, 0.74], "uniform", score=2.0)
BETTER = finalist(4, [0.80, 0.83, 0.86], "grad_norm/exact", "tpe", score=4.0)
BROKEN = finalist(3, [0.90, None, 0.95], "snip/exact", score=3.0)


@pytest.fixture
def result(make_space):
    return result_with(make_space, conclusion([0.81, None, 0.83], [0.70, 0.71, None])).to_json()


def result_with(make_space, tested, notes=(), title="accuracy"):
    space = make_space([(16, 16), (16, 16)], (0, 2, 4))
    judged = Judged("accuracy", {"train": 90, "validation": 10, "test": 1}, None, title)
    return Result(
        problem=Problem("two sites", space, 128, judged, (0, 1, 2), notes=notes),
        scores=(per_unit_of_rank("grad_norm", "dense", space, np.array([1.0, 2.0])),),
        finalists=(BASELINE, BROKEN, BETTER),
        winner=BETTER,
        conclusion=tested,
        seconds={"scoring": 1.0, "proposing": 2.0, "fine_tuning": 3.0},
        output=Path("runs/x"),
        keep=lambda run, folder, story: None,
    )


def table(result):
    return search_sheet(SearchRecord.of_json(result)).text


def test_what_was_written_is_read_as_it_was(result):
    as_text = json.loads(json.dumps(result))
    assert json.loads(json.dumps(SearchRecord.of_json(as_text).to_json())) == as_text
    known = json.loads(KNOWN.read_text())
    assert json.loads(json.dumps(SearchRecord.of_json(known).to_json())) == known


def test_the_best_is_saved_by_whoever_trained_it(make_space):
    kept = []
    whole = replace(result_with(make_space, None), keep=lambda *given: kept.append(given))
    whole.best.save("adapter", command="rankscape run")
    assert kept == [(BETTER.runs[2], Path("adapter"), whole.best.story("rankscape run"))]


def test_a_finalist_that_lost_a_seed_ranks_behind_one_that_did_not(result):
    assert [entry["proposers"][0] for entry in result["finalists"]] == ["grad_norm/exact", "snip/exact"]
    assert result["finalists"][1]["failures"] == ("the training loss became nan at step 3 of 9",)
    assert result["finalists"][1]["metrics"] == {"0": 0.90, "1": None, "2": 0.95}


def test_the_test_difference_pairs_by_seed(result):
    assert result["best"]["test_difference"]["mean"] == pytest.approx(0.11)  # seed 0 alone has both
    assert result["best"]["test_difference"]["low"] is None
    assert (result["best"]["saved_seed"], result["best"]["saved_test"]) == (2, 0.83)


def test_the_test_losses_are_paired_and_told_beside_the_metric(make_space):
    ours, theirs = ([Score(0.8, loss + 0.1 * seed) for seed in range(3)] for loss in (0.4, 0.5))
    found = result_with(make_space, Conclusion([*ours[:2], None], theirs))
    best = found.to_json()["best"]
    assert best["test"]["losses"] == (0.4, 0.5, None)
    assert best["test_loss_difference"]["mean"] == pytest.approx(-0.1)
    written = json.loads(json.dumps(found.to_json()))
    said = [line for line in table(written).splitlines() if line.startswith("test loss")]
    assert said == ["test loss: 0.4500 ± 0.0707, uniform 0.6000 ± 0.1000, difference -0.1000"]
    del (
        written["best"]["test"]["losses"],
        written["best"]["test_loss_difference"],
    )  # as older versions wrote it
    assert "test loss" not in table(written)


def test_proxies_are_compared_with_the_metric_over_all_that_finished(result):
    assert result["proxies"]["grad_norm"] == {
        "point": "dense",
        "spearman": pytest.approx(0.5),
        "allocations": 3,
    }


def test_an_allocation_at_several_rates_is_compared_once_by_its_best(make_space):
    worse = finalist(4, [0.60, 0.63, 0.66], "tpe", score=4.0)
    lost = finalist(4, [0.99, None, None], "random", score=4.0)
    whole = result_with(make_space, None)
    several = replace(whole, finalists=(*whole.finalists[:2], lost, BETTER, worse))
    assert several.to_json()["proxies"] == whole.to_json()["proxies"]


def test_the_table_says_what_was_chosen_and_what_failed(result):
    text = table(result)
    lines = text.splitlines()
    assert lines[0] == result["verdict"]
    assert (
        " ".join(line.strip() for line in lines[2 : lines.index("", 2)])
        == result["known"]
        == known_at(128 / 64)
    )
    lines = lines[lines.index("", 2) - 1 :]
    assert lines[2].split()[:3] == ["proposed", "by", "parameters"]
    assert lines[3].startswith("grad_norm/exact (+1)  128")
    assert lines[5].startswith("uniform               64")
    assert "above: accuracy on 10 validation rows; chosen by it: grad_norm/exact (+1)" in lines
    assert "failed: snip/exact: the training loss became nan at step 3 of 9" in lines
    assert "test: accuracy on 1 test row, used once: 0.8200 ± 0.0141, uniform 0.7050" in text
    assert "adapter/ (seed 2, test 0.8300)" in saved_line(SearchRecord.of_json(result))


def test_other_metrics_stand_beside_the_one_that_chooses(make_space):
    def told(one):
        runs = [
            replace(run, evaluation=replace(run.evaluation, beside=(("perplexity", i + 1.0),)))
            for i, run in enumerate(one.runs)
        ]
        return replace(one, runs=tuple(runs))

    better = told(BETTER)
    score = Score(0.8, 0.2, (("perplexity", 4.0),))
    whole = result_with(make_space, Conclusion([score, None, score], [score] * 3))
    result = replace(whole, finalists=(told(BASELINE), BROKEN, better), winner=better).to_json()
    assert result["best"]["beside"] == result["baseline"]["beside"] == {"perplexity": 2.0}
    assert result["best"]["test"]["beside"] == {"perplexity": 4.0}
    text = table(json.loads(json.dumps(result)))
    assert "perplexity  s" in text
    assert "0.8000 ± 0.0000 (perplexity 4.0000)" in text


def test_without_test_rows_the_keys_stay_and_hold_nothing(make_space, result):
    untested = result_with(make_space, None).to_json()
    assert untested["best"].keys() == result["best"].keys()
    lacking = {key for key, value in untested["best"].items() if value is None}
    assert lacking == {
        *("test", "baseline_test", "test_difference", "test_loss_difference"),
        *("saved_seed", "saved_test"),
    }
    lines = table(untested).splitlines()
    assert "the table has no test rows" in lines
    assert "runs/x" not in "".join(lines)
    record = SearchRecord.of_json(json.loads(json.dumps(untested)))
    saved = "saved in runs/x: allocation.json, ranks.png, finalists.png, study.db, result.json (.md, .csv)"
    assert saved_line(record) == saved
    assert saved_line(replace(record, study="mine")) == saved.replace("study.db, ", "")


def test_how_all_were_trained_is_kept_and_stands_below_the_finalists(make_space):
    whole = result_with(make_space, None)
    known = TrainingRecord(3.0, 16, 5e-4, 0.01, 0.06, 1.0, "alpha/r", 16.0, 4.0, 8, "preserve", 147_840)
    trained = replace(whole, problem=replace(whole.problem, training=known))
    written = json.loads(json.dumps(trained.to_json()))
    assert (written["training"]["scaling"], written["training"]["head_params"]) == ("alpha/r", 147_840)
    assert SearchRecord.of_json(written).training == known
    text = table(written)
    assert " ".join(known.text.split()) in " ".join(text.split())
    assert text.index("uniform  ") < text.index("trained: 3 epochs")
    assert "training" not in whole.to_json()
    assert "trained:" not in whole.table()


def test_a_record_is_made_once_however_often_it_is_told(make_space):
    class Told:
        made = 0

        @property
        def record(self):
            Told.made += 1

    tested = replace(conclusion([0.8] * 3, [0.7] * 3), writing=Told())
    whole = result_with(make_space, tested)
    assert whole.table() == whole.sheet.text
    assert whole.to_json()["best"] == whole.record.best.to_json()
    assert whole.best.story("rankscape run").verdict == whole.verdict
    assert Told.made == 1


def test_notes_of_the_task_are_kept_and_printed(make_space):
    note = "F1 is of 'fraud', the rarer class"
    noted = result_with(make_space, None, notes=(note,), title="f1 of 'fraud'")
    assert noted.to_json()["notes"] == (note,)
    assert any(line.startswith("above: f1 of 'fraud' on") for line in noted.table().splitlines())
    assert f"note: {note}" in noted.table().splitlines()


def test_no_line_but_the_verdict_is_wider_than_a_terminal(make_space, result):
    long = "ensemble:adam_signal@warm+sensitivity_sum@warm+root:grad_norm/exact"
    for entry in [*result["finalists"], result["best"]]:
        entry["proposers"] = [long, "tpe"]
    result["proxies"] = {f"{long}{i}"[:70]: result["proxies"]["grad_norm"] for i in range(9)}
    result["budget"] = result["baseline"]["params"] = 7_000_000_000
    result["notes"] = ["a word " * 30]
    lines = table(result).splitlines()
    assert max(map(len, lines[1:])) <= 80
    under = lines.index("", 2) + 2
    assert "".join(line[:18].strip() for line in lines[under : under + 5]).startswith(
        "ensemble:adam_signal@warm+"
    )
