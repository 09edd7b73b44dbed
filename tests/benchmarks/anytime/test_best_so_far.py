"""The best so far falls step by step, and says when a target was reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.anytime.best_so_far import BestSoFar, best_so_far, median_spent_to_reach
from benchmarks.anytime.ended_trial import EndedTrial, append_trial, read_trials
from benchmarks.anytime.plot import draw_medians
from benchmarks.anytime.summary import summary_of
from search.sampling.configuration import Configuration
from spaces.allocation import Allocation

PLAN = Configuration(Allocation.of({"layers.0.q": 2}), 1e-3, "alpha/r")


def search_of(losses: list[float | None], each: int = 10) -> list[EndedTrial]:
    return [
        EndedTrial(PLAN, loss, None if loss is None else 0.5, each * (n + 1), 2.0 * (n + 1), each, 2.0)
        for n, loss in enumerate(losses)
    ]


def test_the_best_so_far_is_a_staircase() -> None:
    own = best_so_far(search_of([None, 0.7, 0.9, 0.5]), "steps")
    assert own == BestSoFar((20.0, 40.0), (0.7, 0.5), 40.0)
    assert [own.at(spent) for spent in (10, 20, 39, 40, 100)] == [None, 0.7, 0.7, 0.5, 0.5]
    assert [own.spent_to_reach(loss) for loss in (0.8, 0.5, 0.4)] == [20.0, 40.0, None]
    assert best_so_far(search_of([0.7]), "seconds").spent == (2.0,)


def test_a_median_counts_searches_that_never_reach_their_target() -> None:
    fast, slow, never = (best_so_far(search_of([loss, 0.5]), "steps") for loss in (0.1, 0.9, 0.9))
    assert median_spent_to_reach([fast, slow, never], [0.5, 0.5, 0.2]) == 20.0
    assert median_spent_to_reach([fast, never], [0.5, 0.2]) is None


def test_the_summary_compares_every_arm_with_the_reference_of_its_seed() -> None:
    searches = {
        "tpe": [search_of([0.9, 0.8, 0.6]), search_of([0.7, 0.6, 0.5])],
        "ours": [search_of([0.6], each=3), search_of([0.8, 0.4], each=3)],
    }
    arms = summary_of(searches)["arms"]
    assert isinstance(arms, dict)
    assert arms["tpe"]["share_of_steps_of_tpe"] == 1.0
    assert arms["ours"]["median_steps_to_final_loss_of_tpe"] == pytest.approx(4.5)
    assert arms["ours"]["share_of_steps_of_tpe"] == pytest.approx(0.15)
    assert arms["ours"]["final_loss"] == [0.6, 0.4]


def test_trials_come_back_as_they_were_written_but_a_torn_one(tmp_path: Path) -> None:
    path, trials = tmp_path / "trials.jsonl", search_of([0.5, None, 0.25])
    assert read_trials(path) == []
    for trial in trials:
        append_trial(path, trial)
    assert read_trials(path) == trials
    path.write_text(path.read_text()[:-9])
    assert read_trials(path) == trials[:2]


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    searches = {
        "tpe": [search_of([0.9, None, 0.6])] * 2,
        "ours": [search_of([None, 0.4], each=3)],
        "none": [[]],
    }
    draw_medians(searches, tmp_path / "anytime.png", title="a test")
    assert (tmp_path / "anytime.png").read_bytes().startswith(b"\x89PNG")
