"""Pictures of an arm: which are written, and of how many seeds."""

from __future__ import annotations

import pytest

from evaluators.training.candidate import Candidate, Course, Evaluation, Trained
from search.compare.arm import Arm
from search.compare.maps import draw_maps, enabled_shares
from search.compare.standing import ArmRuns
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

TAP = Tap("block", "in")
SPACE = SearchSpace(tuple(Site(f"layers.{i}.q", i, "q", "lora", 8, 8, TAP, TAP) for i in range(2)), (0, 2, 4))
FULL = Allocation.of({"layers.0.q": 4, "layers.1.q": 4})
HALF = Allocation.of({"layers.0.q": 4})


def run(end: Allocation, history) -> Trained:
    evaluation = Evaluation(Candidate(FULL, 0, 1e-3), 0.7, 0.6, None, (0.5,) * 10, 1.0, 0)
    return Trained(evaluation, {}, Course(end, 64, 64.0, 32, history))


def arm(*runs: Trained) -> ArmRuns:
    return ArmRuns(Arm("sora[ratio=2]", "sora[ratio=2]", "lora", "64", "preserve"), "alpha/r", 1e-3, runs, 64)


def test_where_ranks_changed_there_is_a_second_picture_of_every_seed(tmp_path):
    own = arm(run(HALF, ((5, HALF),)), run(FULL, ()))
    draw_maps(own, SPACE, tmp_path)
    assert enabled_shares(own, SPACE) == pytest.approx(
        [1.0, 0.75]
    )  # one seed lost it after half of its steps
    for folder in ("ranks", "enabled"):
        assert (tmp_path / folder / "sora_ratio=2.png").stat().st_size > 1000


def test_an_arm_that_never_changed_or_has_no_site_has_no_second_picture(tmp_path):
    draw_maps(arm(run(FULL, ())), SPACE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ranks"]
    draw_maps(arm(run(Allocation.of({}), ())), SPACE, tmp_path / "none")
    assert not (tmp_path / "none").exists()
