"""Numbers are written the same way everywhere, and what is not a number says so."""

import math

import pytest

from search.show.number_format import (
    decimal,
    mean_sd,
    memory,
    p_equation,
    p_value,
    percent,
    seconds,
    signed,
    with_interval,
)


@pytest.mark.parametrize("write", [signed, decimal, percent, p_value, seconds, memory])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_a_number_is_undefined(write, value):
    assert write(value) == "undefined"


def test_correlations_have_a_sign_and_zero_has_a_plus():
    assert [signed(value) for value in (0.618, -0.25, -0.001)] == ["+0.62", "-0.25", "+0.00"]
    assert decimal(-0.001) == "0.00"


def test_an_interval_is_written_where_both_bounds_are_known():
    assert with_interval(0.62, 0.41, 0.78) == "+0.62 [+0.41, +0.78]"
    assert with_interval(0.0123, 0.0, 0.03, 4, write=decimal) == "0.0123 [0.0000, 0.0300]"
    assert with_interval(0.62, None, None) == "+0.62"
    assert with_interval(None, 0.41, 0.78) == "undefined"


@pytest.mark.parametrize(
    ("mean", "sd", "said"),
    [
        (0.5, None, "0.5000"),
        (2.0, 2**0.5, "2.0000 ± 1.4142"),
        (-0.00001, 0.0, "0.0000 ± 0.0000"),
        (None, None, "failed"),
    ],
)
def test_a_mean_has_its_spread_from_two_seeds_on(mean, sd, said):
    assert mean_sd(mean, sd) == said


def test_small_probabilities_are_below_a_thousandth():
    assert [p_value(value) for value in (0.0009, 0.001, 0.25)] == ["<0.001", "0.001", "0.250"]


def test_fractions_become_per_cent():
    assert (percent(0.634), percent(0.0123, 1), percent(-0.001)) == ("63 %", "1.2 %", "0 %")


def test_durations_and_memory_have_a_unit_that_fits():
    assert [seconds(value) for value in (0.314, 3.14, 31.4, 245.0)] == [
        "0.31 s",
        "3.1 s",
        "31 s",
        "4 min 05 s",
    ]
    assert [memory(mebi * 2**20) for mebi in (1.25, 312, 1638.4)] == ["1.2 MiB", "312 MiB", "1.6 GiB"]


@pytest.mark.parametrize(("value", "said"), [(0.0, "p < 0.001"), (0.0421, "p = 0.042"), (1.0, "p = 1")])
def test_no_p_value_is_said_to_be_zero(value, said):
    assert p_equation(value) == said
