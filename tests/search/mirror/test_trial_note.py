"""What stands beside a trial: who, how much, how it did, and how far from the best baseline that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.live.settings import LiveSettings
from search.mirror.shown import Aim
from search.mirror.trial_note import finalist_note, loading_note, seeds_note, trial_note
from search.sampling.proposer import Proposer
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of


@pytest.fixture
def search(make_space):
    return settled(make_space([(4, 4)], (0, 2)), LiveSettings(trials=3), budget=1000)


def test_one_that_is_running_says_who_proposed_what(search):
    trial = replace(trial_of(1, params=250), proposers=(Proposer("exact", "a*b"), Proposer("tpe")))
    assert trial_note(trial, search, None).split("\n\n") == [
        "**a\\*b/exact+tpe**: lr 0.001, alpha/r",
        "1 site on, 250 parameters, 25.0% of the budget",
    ]


def test_one_that_was_judged_is_compared_with_the_baseline_at_the_same_rung(search):
    own, baseline = trial_of(4, 0.9, 0.5), trial_of(2, 0.8, 0.7, 0.1, baseline=True)
    said = trial_note(own, search, baseline)
    assert "| 30 of 90 | 0.5000 | 0.0000 |" in said.replace("  ", " ")
    assert "-0.2000 in loss" in said
    assert f"to the best baseline after 30 steps: trial 2, {baseline.proposer}" in said
    assert "+0.2000" in trial_note(replace(trial_of(4, 0.9, 0.9)), search, baseline)
    assert "No baseline is ahead of it after 90 steps." in trial_note(baseline, search, baseline)


def test_a_failure_is_told_as_it_was_said(search):
    lost = replace(trial_of(4, 0.9), state="failed", failure="out of *memory*")
    assert trial_note(lost, search, None).endswith("It failed: out of \\*memory\\*")


@pytest.mark.parametrize(("direction", "better"), [("minimize", "less"), ("maximize", "more")])
def test_one_of_several_seeds_says_what_its_value_is(direction, better):
    aim = Aim("f1 of '*'", direction)
    assert seeds_note("a_b/exact", "lr 1", aim, "1 test row", seeds=1) == (
        rf"**a\_b/exact**: lr 1; mean f1 of '\*' on 1 test row over 1 seed, {better} is better"
    )


def test_a_finalist_has_a_row_for_each_seed():
    known = {"metrics": {"0": 0.5, "1": None}, "difference": {"mean": -0.25, "low": -0.5, "high": 0.125}}
    said = finalist_note(known, "accuracy")
    assert "trained anew over 2 seeds" in said
    assert "-0.2500 [-0.5000, +0.1250] in accuracy to the best baseline" in said
    assert "| 0 | 0.5000 |" in said
    assert "| 1 | failed |" in said
    assert "to the best baseline" not in finalist_note({**known, "difference": None}, "accuracy")


def test_the_lines_that_load_an_adapter_are_those_of_its_card(tmp_path):
    assert loading_note(tmp_path / "adapter") == ""
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "README.md").write_text("no lines\n")
    assert loading_note(tmp_path / "adapter") == ""
    card = 'x\n```python\nload("path/to/this/folder")\n```\ny\n```python\nother\n```\n'
    (tmp_path / "adapter" / "README.md").write_text(card)
    said = loading_note(tmp_path / "adapter")
    assert f'{tmp_path.name}/adapter")\n```' in said
    assert "other" not in said
    assert str(tmp_path) not in said
