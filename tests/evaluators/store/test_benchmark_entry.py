"""An entry says what it needs, and two strata never share a name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.store.benchmark_entry import Entry, Stratum, StratumNames
from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation

STRATUM = Stratum("budget", 99_840, "alpha/r", 3e-3)
ALLOCATION = Allocation.of({"layers.0.q": 2})


def run(seed: int, allocation: Allocation = ALLOCATION, learning_rate: float = 3e-3) -> Evaluation:
    return Evaluation(Candidate(allocation, seed, learning_rate), 0.75, 0.5, None, (0.7, 0.6), 1.5, 100)


ENTRY = Entry(STRATUM, ALLOCATION, ("uniform",), 64, (("params", 64.0),), (run(1), run(4)))

STRATA = st.builds(
    Stratum,
    st.sampled_from(["budget", "only", "without"]),
    st.integers(1, 10_000),
    st.sampled_from(["alpha/r", "alpha/sqrt(r)", "constant"]),
    st.floats(min_value=1e-8, max_value=1),
)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("budget", "99,840 parameters, alpha/r, lr 0.003"),
        ("only", "one site alone, up to 99,840 parameters, alpha/r, lr 0.003"),
        ("without", "all sites but one, up to 99,840 parameters, alpha/r, lr 0.003"),
    ],
)
def test_a_stratum_is_named_in_a_line(kind: Any, name: str) -> None:
    assert Stratum(kind, 99_840, "alpha/r", 3e-3).name == name


@given(STRATA, STRATA)
def test_two_strata_share_a_name_only_where_they_are_equal(one: Stratum, other: Stratum) -> None:
    assert (one.name == other.name) == (one == other)


@given(STRATA)
def test_the_name_of_any_stratum_is_known_as_one(stratum: Stratum) -> None:
    assert stratum.name in StratumNames()


@pytest.mark.parametrize(
    "name", ["", "finalists", "proposals", "99,840 parameters", "work", "8, alpha/r, lr 1"]
)
def test_the_names_of_other_studies_are_none_of_a_stratum(name: str) -> None:
    assert name not in StratumNames()


def test_an_entry_names_its_proxies_and_seeds_in_order() -> None:
    assert ENTRY.proxies == ("params",)
    assert ENTRY.seeds == (1, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "best"}, r"kind='best' is unknown; choose one of \['budget', 'only', 'without'\]"),
        ({"scaling": "r"}, r"scaling='r' is unknown; choose one of \['alpha/r'"),
        ({"max_params": 0}, "max_params=0 must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate=0.0 positive"),
        ({"learning_rate": math.inf}, "learning_rate=inf positive and finite"),
        ({"learning_rate": math.nan}, "learning_rate=nan positive and finite"),
    ],
)
def test_a_stratum_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(STRATUM, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origins": ()}, "are empty; name who drew it"),
        ({"params": 99_841}, "of uniform in '99,840 .*costs 99,841 parameters, above the stratum's 99,840"),
        ({"scores": (("params", math.nan),)}, "has params=nan; scores must be finite"),
        ({"scores": (("params", -math.inf),)}, "has params=-inf; scores must be finite"),
        ({"scores": (("snip", 1.0), ("snip", 2.0))}, r"the proxies \['snip', 'snip'\]; give each one once"),
        ({"runs": ()}, r"of the seeds \[\]; give one run per seed, ascending, and at least one"),
        ({"runs": (run(4), run(1))}, r"of the seeds \[4, 1\]; give one run per seed, ascending"),
        ({"runs": (run(1), run(1))}, r"of the seeds \[1, 1\]; give one run per seed"),
        ({"runs": (run(1), run(4, Allocation.of({"layers.0.q": 3})))}, r"another allocation.*\(seed 4\)"),
        (
            {"runs": (run(1), run(4, learning_rate=1e-3))},
            r"or learning rate \(seed 4\); give the runs of its",
        ),
    ],
)
def test_an_entry_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ENTRY, **change)


def test_an_entry_may_cost_exactly_its_budget() -> None:
    assert replace(ENTRY, params=99_840).params == 99_840
