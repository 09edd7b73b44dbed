"""The leaderboard as a value: its title, its edges, its budget, its JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from search.compare.arm import Arm
from search.compare.grid_point import GridPoint
from search.compare.leaderboard import baseline_of
from search.methods.registry import METHODS
from tests.search.compare.test_leaderboard_table import arms, board_of


def test_a_rate_is_at_an_edge_where_there_were_others_and_it_is_the_least_or_the_greatest():
    assert board_of(arms()).at_an_edge == {"lora"}  # which has 1e-3 of 1e-4 and 1e-3
    within = tuple(GridPoint("lora", "alpha/r", rate, 0.5) for rate in (1e-4, 1e-3, 1e-2))
    assert board_of(arms(), grid=within).at_an_edge == frozenset()
    assert board_of(arms(), grid=within[1:2]).at_an_edge == frozenset()


def test_references_are_never_off_the_budget():
    assert board_of(arms()).off_the_budget == {"sora": 80}  # full has 9,000


def test_a_reference_is_told_by_its_method_whatever_it_is_called():
    named = [
        replace(one, arm=replace(one.arm, label="FT")) if one.arm.name == "full" else one for one in arms()
    ]
    assert board_of(named).off_the_budget == {"sora": 80}


def test_a_method_more_that_ends_as_no_adapter_is_never_off_the_budget(monkeypatch):
    monkeypatch.setitem(METHODS, "sora", replace(METHODS["sora"], adapter=False))
    assert board_of(arms()).off_the_budget == {}


def test_json_has_all_of_it():
    held = json.loads(json.dumps(board_of(arms()).to_json()))
    assert [one["label"] for one in held["leaderboard"]] == ["full", "lora", "sora", "broken"]
    difference = held["leaderboard"][0]["difference"]
    assert set(difference) == {"interval", "p_value", "of_seeds", "p_holm", "failed"}
    assert held["tuning"][0] == {"label": "lora", "scaling": "alpha/r", "lr": 1e-4, "loss": 0.5}
    assert held["seeds"] == [0, 1, 2]
    assert {"question", "verdict", "difference", "label", "compared"} == set(held["answers"][0])


def test_plain_lora_is_the_baseline_or_else_the_first_of_its_kind():
    def labelled(*labels):
        return [Arm(one, one.partition("@")[0], "lora", "r=2", "preserve") for one in labels]

    assert baseline_of(labelled("sora", "lora@lora[q]", "lora")) == "lora"
    assert baseline_of(labelled("sora", "lora@lora[q]", "lora@lora[v]")) == "lora@lora[q]"
    assert baseline_of(labelled("sora")) is None


def test_of_several_loras_the_baseline_is_the_one_in_the_space_of_most_arms():
    few, most = (Arm(f"lora@{one}", "lora", one, "r=2", "preserve") for one in ("lora[q]", "lora[all]"))
    sora = Arm("sora", "sora", "lora[all]", "r=2", "preserve")
    assert baseline_of([few, most, sora]) == "lora@lora[all]"
    assert baseline_of([few, most]) == "lora@lora[q]"
