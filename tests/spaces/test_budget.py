from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces import Budget, Site, Tap, UsageError, parse_budget


def site(name: str, d_in: int, d_out: int) -> Site:
    return Site(name, 0, name, "lora", d_in, d_out, Tap(name, "in"), Tap(name, "out"))


SITES = (site("q", 10, 10), site("fc1", 10, 40))  # 70 per rank; at most 700


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("2.3M", Budget(2.3e6, "params")),
        ("500k", Budget(5e5, "params")),
        ("1.2e6", Budget(1.2e6, "params")),
        ("1B", Budget(1e9, "params")),
        ("196,608", Budget(196608, "params")),
        ("7", Budget(7, "params")),
        ("0.5%", Budget(0.005, "share")),
        ("r=8", Budget(8, "rank")),
        (" r = 8 ", Budget(8, "rank")),
        ("r=0.5", Budget(0.5, "rank")),
    ],
)
def test_reads_every_way_of_writing_a_budget(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget


@given(st.integers(1, 10**12))
def test_a_whole_number_is_read_exactly(params: int) -> None:
    assert parse_budget(str(params)) == parse_budget(f"{params:,}") == Budget(params, "params")


@given(st.integers(1, 999_999), st.sampled_from([("k", 1e3), ("m", 1e6), ("M", 1e6), ("b", 1e9)]))
def test_thousandths_with_a_suffix_are_read_to_the_parameter(
    thousandths: int, suffix: tuple[str, float]
) -> None:
    letter, factor = suffix
    read = parse_budget(f"{thousandths / 1000:.3f}{letter}")
    assert read.unit == "params"
    assert round(read.value) == round(thousandths * factor / 1000)


@given(st.text("0123456789.,_eErRkKmMbB%=-+ x٣²", max_size=8))
def test_any_other_text_is_a_usage_error(text: str) -> None:
    try:
        value = parse_budget(text).value
    except UsageError:
        return
    assert 0 < value < float("inf")


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "r=0", "r=-8", "r=0.0", "r=1.5.", "2.3X", "ten", "%", "nan", "inf", "1e999", "1.2.3"],
)
def test_what_is_no_positive_number_says_what_may_be_written(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a positive number of parameters; write 2\.3M, 500k"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("140", 140),
        ("r=3", 210),
        ("r=0.5", 35),
        ("r=1.99", 139),
        ("5%", 50),
        ("20", 20),
        ("700", 700),
        ("70.9", 70),
    ],
)
def test_max_params_counts_parameters_shares_and_ranks(text: str, params: int) -> None:
    assert parse_budget(text).max_params(SITES, base_params=1000) == params


@pytest.mark.parametrize("text", ["19", "701", "r=11", "1%"])
def test_a_budget_outside_the_space_says_its_ends(text: str) -> None:
    with pytest.raises(UsageError, match=r"between 20 \(the cheapest site .* and 700 \(every site"):
        parse_budget(text).max_params(SITES, base_params=1000)


def test_errors_speak_of_what_was_chosen() -> None:
    with pytest.raises(UsageError, match=r"Change `budget_min`, or `space`"):
        parse_budget("19").max_params(SITES, base_params=1000, argument="budget_min")
    with pytest.raises(UsageError, match=r"`budget_min=1\.5` is not a positive number"):
        parse_budget(1.5, argument="budget_min")  # type: ignore[arg-type]


@given(st.integers(20, 700))
def test_any_budget_inside_the_space_is_taken_as_it_is(params: int) -> None:
    assert parse_budget(str(params)).max_params(SITES, base_params=1) == params
