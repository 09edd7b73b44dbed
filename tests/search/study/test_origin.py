"""Whoever drew an allocation belongs to one group."""

import pytest

from search.study.draw import draw_shapes
from search.study.judging.origin_groups import group_of


@pytest.mark.parametrize(
    ("origin", "group"),
    [
        ("uniform", "uniform"),
        ("random", "random"),
        ("lora only", "one kind or role"),
        ("layers.3.q only", "one site"),
        ("without layers.3.q", "all but one site"),
        ("top-heavy", "top- or bottom-heavy"),
        ("bottom half", "top- or bottom-heavy"),
        ("snr/greedy", "proxy pick"),
        ("something new", "other"),
    ],
)
def test_an_origin_tells_its_group(origin, group):
    assert group_of((origin,)) == group


def test_the_group_drawn_on_top_wins():
    assert group_of(("random", "snr/greedy", "uniform")) == "uniform"
    assert group_of(("snr/greedy", "top-heavy")) == "top- or bottom-heavy"


def test_every_shape_of_a_study_has_a_group_of_its_own(opt_space):
    drawn = [group_of(one.origins) for one in draw_shapes(opt_space, 16 * opt_space.params_per_rank)]
    assert drawn[0] == "uniform"
    assert set(drawn) == {"uniform", "one kind or role", "top- or bottom-heavy"}


def test_an_allocation_that_nobody_drew_is_an_error():
    with pytest.raises(ValueError, match="names nobody"):
        group_of(())
