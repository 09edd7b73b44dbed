"""A table answers as trainings would: the nearest curve, the same one every time, with the noise of seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.curves.curve_table import CurveTable
from benchmarks.curves.replay import Replay, seed_noise
from evaluators.training.candidate import Candidate
from evaluators.training.leg import Leg
from search.sampling.configuration import Configuration
from spaces.allocation import Allocation


def of_first_seed(table: CurveTable) -> CurveTable:
    return replace(table, curves=tuple(one for one in table.curves if one.seed == 0))


def test_without_a_second_seed_a_configuration_of_the_table_has_its_own_curve(synthetic: CurveTable) -> None:
    world = Replay(of_first_seed(synthetic), seed=3)
    for curve in of_first_seed(synthetic).curves:
        np.testing.assert_array_equal(world.curve(curve.configuration)[0], curve.losses)
        assert world.settled(curve.configuration) == curve.losses[-1]
        assert world.whole(curve.configuration).loss == curve.losses[-1]
    assert world.best == min(curve.losses[-1] or 9 for curve in of_first_seed(synthetic).curves)


def test_any_other_has_the_curve_of_the_nearest_of_its_rate_and_rule(synthetic: CurveTable) -> None:
    table, rng = of_first_seed(synthetic), np.random.default_rng(1)
    world, space = Replay(table, seed=0), synthetic.contest.space
    for _ in range(20):
        own = Configuration(space.allocation(rng.choice(space.ranks, size=6)), 1e-3, "alpha/r")
        alike = [
            one.configuration
            for one in table.curves
            if (one.configuration.learning_rate, one.configuration.scaling) == (1e-3, "alpha/r")
        ]
        moved = [
            sum(16 * abs(own.allocation.rank(s.name) - one.allocation.rank(s.name)) for s in space.sites)
            for one in alike
        ]
        near = [world.settled(one) for one, far in zip(alike, moved, strict=True) if far == min(moved)]
        assert world.settled(own) in near


def test_noise_is_that_between_seeds_and_the_same_whenever_one_asks(synthetic: CurveTable) -> None:
    noise = seed_noise(synthetic)
    assert noise.shape == (18, 5)
    one, other = (next(c for c in synthetic.curves if c.seed == seed).losses[-1] for seed in (0, 1))
    assert one is not None
    assert other is not None
    assert noise[0, -1] == pytest.approx(np.log(one / other) / np.sqrt(2))
    own = synthetic.curves[0].configuration
    worlds = [Replay(synthetic, seed=seed) for seed in range(200)]
    seen = np.array([world.curve(own)[0, -1] for world in worlds])
    np.testing.assert_array_equal(seen, [world.curve(own)[0, -1] for world in worlds])
    spread = np.log(seen / worlds[0].settled(own))
    assert spread.std() == pytest.approx(np.sqrt((noise[:, -1] ** 2).mean()), rel=0.2)


def test_legs_end_where_the_curve_was_judged(synthetic: CurveTable) -> None:
    world, own = Replay(synthetic, seed=0), synthetic.curves[0].configuration
    candidate = Candidate(own.allocation, 0, own.learning_rate, own.scaling)
    legs = [Leg(candidate, 10), Leg(candidate, 20, judged=False), Leg(candidate)]
    first, second, last = (one.evaluation for one in world.legs(legs))
    losses = world.curve(own)[0]
    assert (first.loss, second.loss, last.loss) == (losses[0], None, losses[-1])
    assert [len(one.curve) for one in (first, second, last)] == [10, 20, 90]
    assert last.seconds == pytest.approx(9.0 + 2 * 0.5)


def test_a_rate_that_is_not_in_the_table_is_refused(synthetic: CurveTable) -> None:
    with pytest.raises(ValueError, match=r"no curve of lr 0\.5"):
        Replay(synthetic, seed=0).settled(Configuration(Allocation.of({"layers.0.q": 1}), 0.5, "alpha/r"))
