"""Stretches are equal to a step, rungs lie between them, and the last is the end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from search.live.ladder import Ladder
from spaces.errors import UsageError


@pytest.mark.parametrize("steps", [9, 10, 100, 1234])
@pytest.mark.parametrize(("eta", "rungs"), [(3, 2), (2, 3), (9, 1)])
def test_stretches_differ_by_a_step_at_most_and_end_with_the_training(steps, eta, rungs):
    ladder = Ladder(steps, eta, rungs)
    ends = [ladder.step_after(wave) for wave in range(ladder.waves + 1)]
    lengths = [b - a for a, b in pairwise(ends)]
    assert (ends[0], ends[-1]) == (0, steps)
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
    at = [
        (wave, rung) for wave in range(1, ladder.waves + 1) if (rung := ladder.rung_after(wave)) is not None
    ]
    assert at == [(eta**rung, rung) for rung in range(rungs + 1)]
    assert ladder.rungs_at == tuple(ends[wave] for wave, _ in at)


def test_without_halving_the_one_rung_is_the_end():
    ladder = Ladder(5, 0, 2)
    assert (ladder.waves, ladder.rungs_at, ladder.rung_after(1)) == (1, (5,), 0)


def test_fewer_steps_than_stretches_are_refused():
    assert Ladder(9, 3, 2).rungs_at == (1, 3, 9)
    with pytest.raises(UsageError, match=r"1/9 of their training, which has only 8 steps; .* `halving=0`"):
        Ladder(8, 3, 2)
