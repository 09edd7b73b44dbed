"""Moments lie within a start, and its first and last hundredths are met often."""

import random

from benchmarks.kills.moments import drawn_moment


def test_moments_are_anywhere_and_often_at_the_ends():
    rng = random.Random(0)
    drawn = [drawn_moment(rng, 4.0) for _ in range(1000)]
    assert all(0.0 <= moment <= 4.0 for _, moment in drawn)
    assert {how for how, _ in drawn} == {"anywhere", "early", "late"}
    assert sum(moment < 0.04 for _, moment in drawn) > 50
    assert sum(moment > 3.96 for _, moment in drawn) > 100


def test_a_seed_gives_its_moments_again():
    assert drawn_moment(random.Random(7), 2.0) == drawn_moment(random.Random(7), 2.0)
