"""The table that a person reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from search.compare.grid_point import GridPoint
from search.compare.leaderboard import Leaderboard
from search.compare.leaderboard_table import leaderboard_sheet
from search.compare.questions import findings
from search.compare.standing import ArmRuns, standings
from tests.search.compare.test_standing import runs_of


def board_of(arms, baseline="lora", **more) -> Leaderboard:
    return Leaderboard(
        **{
            "verdict": "Not shown.",
            "model": "tiny",
            "task": "rows",
            "metric": "accuracy",
            "metric_title": "accuracy",
            "direction": "maximize",
            "positive_label": None,
            "notes": ("a note",),
            "rows": {"train": 1200},
            "epochs": 1.0,
            "batch_size": 8,
            "seeds": (0, 1, 2),
            "device": "cpu",
            "baseline": baseline,
            "standings": tuple(standings(arms, baseline)),
            "findings": tuple(findings(arms, standings(arms, baseline), baseline)),
            "grid": tuple(GridPoint("lora", "alpha/r", rate, 0.5) for rate in (1e-4, 1e-3)),
            "output": Path("DIR"),
            **more,
        }
    )


def text_of(board: Leaderboard) -> str:
    return leaderboard_sheet(board).text


def arms():
    return [
        runs_of("lora", (0.7, 0.72, 0.74)),
        runs_of("sora", (0.8, None, 0.9), end=80, peak=201),
        runs_of("full", (0.75, 0.76, 0.77), end=9000, peak=9000),
        runs_of("broken", (None, None, None)),
    ]


def test_arms_of_several_budgets_are_each_held_to_their_own():
    text = text_of(board_of([runs_of("lora", (0.7, 0.72)), runs_of("wide", (0.7, 0.8), end=800, budget=800)]))
    assert "budgets from 100 to 800 parameters" in text
    assert "not at the budget" not in text


def test_it_says_how_many_seeds_what_is_off_the_budget_and_which_rate_is_at_the_edge():
    lines = text_of(board_of(arms())).splitlines()
    assert lines[0] == "Not shown."
    first = {line.split()[0]: line for line in lines[3:7]}
    assert "0.8500 ± 0.0707 (2 of 3 seeds)" in first["sora"]
    cells = {line.split()[0]: line for line in lines[-30:] if "alpha/r" in line}
    assert list(cells) == ["full", "lora", "sora", "broken"]  # those that lost a seed come after
    assert "0.001*, alpha/r" in cells["lora"]
    assert "*" not in cells["sora"]
    assert "100.0" not in cells["lora"]
    assert "not at the budget at the end: sora 80" in lines
    assert "tiny on rows: 1,200 rows, 1 epoch, 3 seeds, budget 100 parameters" in lines
    assert "note: a note" in lines
    assert sum(line.startswith("failed: broken") for line in lines) == 3


def with_perplexity(own: ArmRuns) -> ArmRuns:
    """Ten times the metric, for the runs that finished."""
    runs = [
        replace(run, evaluation=replace(one, beside=(("perplexity", 10 * one.metric),) if one.metric else ()))
        for run, one in ((run, run.evaluation) for run in own.runs)
    ]
    return replace(own, runs=tuple(runs))


def test_other_metrics_stand_beside_the_one_that_ranks():
    text = text_of(board_of([with_perplexity(one) for one in arms()], direction="minimize"))
    cells = {line.split()[0]: line for line in text.splitlines() if " 100 " in line or " 80 " in line}
    assert "8.5000" in cells["sora"]  # over the seeds that finished
    assert "7.2000" in cells["lora"]
    assert "accuracy: less is better" in text.splitlines()
    assert "perplexity" not in text_of(board_of(arms()))


def test_it_says_whose_f1_it_is():
    text = text_of(board_of(arms(), metric="f1", metric_title="f1 of 'fraud'"))
    assert "test f1 of 'fraud'" in text.splitlines()[2]


def test_long_labels_fit_a_terminal():
    label = "hetero-dynamic[proxy=snip,frequency=5,allotment=combined]@lora[q,k,v,o,fc1,fc2]+shortcut/paper"
    lines = text_of(board_of([*arms(), runs_of(label, (0.7, 0.8, 0.9))])).splitlines()
    assert max(len(line) for line in lines if label not in line) <= 80  # in a sentence it stays whole
    assert sum(line.startswith("hetero-") for line in lines) >= 2  # under it again where the table is cut


def test_without_a_baseline_no_difference_is_spoken_of():
    text = text_of(board_of(arms()[1:], None, grid=()))
    assert "difference:" not in text
    assert "*:" not in text
