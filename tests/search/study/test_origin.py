"""Whoever drew an allocation belongs to one group, and a table's text says the same as the value."""

import pytest

from search.study.draw import PICKERS, draw_only, draw_shapes, draw_without
from search.study.origin import RANDOM, UNIFORM_ORIGIN, Origin, group_of, numbered_draw, picked_by
from tests.search.study.drawn_by import drawn_by


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("uniform", "uniform"),
        ("random", "random"),
        ("random 7", "random"),
        ("lora only", "one kind or role"),
        ("layers.3.q only", "one site"),
        ("without layers.3.q", "all but one site"),
        ("top-heavy", "top- or bottom-heavy"),
        ("bottom half", "top- or bottom-heavy"),
        ("snr/greedy", "proxy pick"),
        ("something new", "other"),
    ],
)
def test_the_text_of_a_table_tells_the_group_and_is_written_again_as_it_was(text, group):
    assert Origin.read(text).group == group
    assert str(Origin.read(text)) == text


def test_what_a_study_draws_is_read_from_its_table_as_it_was(opt_space):
    budget = 16 * opt_space.params_per_rank
    drawn = [*draw_shapes(opt_space, budget), *draw_only(opt_space, 8), *draw_without(opt_space, budget)]
    origins = [origin for one in drawn for origin in one.origins]
    origins += [RANDOM, numbered_draw(7), *(picked_by("ensemble:snip+top", picker) for picker in PICKERS)]
    assert {origin.group for origin in origins} >= {"one site", "all but one site", "one kind or role"}
    assert [Origin.read(str(origin)) for origin in origins] == origins


def test_a_pick_is_one_whatever_its_proxy_is_called():
    assert Origin.read(str(picked_by("topology", "exact"))).group == "proxy pick"


def test_the_group_drawn_on_top_wins():
    assert group_of(drawn_by("random", "snr/greedy", "uniform")) == "uniform"
    assert group_of(drawn_by("snr/greedy", "top-heavy")) == "top- or bottom-heavy"


def test_every_shape_of_a_study_has_a_group_of_its_own(opt_space):
    drawn = [group_of(one.origins) for one in draw_shapes(opt_space, 16 * opt_space.params_per_rank)]
    assert drawn[0] == UNIFORM_ORIGIN.group == "uniform"
    assert set(drawn) == {"uniform", "one kind or role", "top- or bottom-heavy"}


def test_an_allocation_that_nobody_drew_is_an_error():
    with pytest.raises(ValueError, match="names nobody"):
        group_of(())
