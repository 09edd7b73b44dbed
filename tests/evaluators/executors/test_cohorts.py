"""Which candidates train together."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.executors.cohorts import form_cohorts, soonest_size
from evaluators.training.candidate import Candidate
from spaces.allocation import Allocation
from spaces.site import Site, Tap

TAP = Tap("m", "in")
SITES = [Site(f"s{i}", i, "q", "lora", 4, 4, TAP, TAP) for i in range(3)]
ranks = st.dictionaries(st.sampled_from(["s0", "s1", "s2"]), st.integers(1, 9))


@given(
    allocations=st.lists(ranks, max_size=12),
    size=st.integers(1, 5),
    padding=st.sampled_from([0.0, 10.0, float("inf")]),
)
def test_every_candidate_is_in_one_cohort_within_size_and_padding(allocations, size, padding):
    candidates = [Candidate(Allocation.of(ranks), 0, 1e-3) for ranks in allocations]
    cohorts = form_cohorts(candidates, SITES, size, max_padding=padding)
    assert sorted(i for cohort in cohorts for i in cohort) == list(range(len(candidates)))
    for cohort in cohorts:
        vectors = np.array([[candidates[i].allocation.rank(site.name) for site in SITES] for i in cohort])
        assert 1 <= len(cohort) <= size
        assert 8 * (vectors.max(axis=0).sum() - vectors.sum() / len(cohort)) <= padding + 1e-9


def test_seeds_of_one_allocation_share_a_cohort():
    candidates = [
        Candidate(Allocation.of({name: 2}), seed, 1e-3) for seed in range(3) for name in ("s0", "s1")
    ]
    assert form_cohorts(candidates, SITES, 4, max_padding=0.0) == [[0, 2, 4], [1, 3, 5]]


def ended(candidates, workers, size):
    """When the last worker is free, if each takes the next cohort as soon as it is."""
    free = [0] * workers
    for begun in range(0, candidates, size):
        heapq.heapreplace(free, free[0] + min(size, candidates - begun))
    return max(free)


@given(candidates=st.integers(1, 40), workers=st.integers(1, 9), most=st.integers(1, 40))
def test_no_other_size_ends_sooner_or_is_as_soon_and_larger(candidates, workers, most):
    size = soonest_size(candidates, workers, most)
    ends = {other: ended(candidates, workers, other) for other in range(1, most + 1)}
    assert ends[size] == min(ends.values())
    assert all(ends[other] > ends[size] for other in range(size + 1, min(most, candidates) + 1))
    assert size <= math.ceil(candidates / workers)


@pytest.mark.parametrize(
    ("candidates", "workers", "most", "size"), [(12, 2, 4, 3), (9, 2, 4, 4), (16, 2, 4, 4), (100, 2, 32, 25)]
)
def test_candidates_are_shared_evenly_by_the_last_round_too(candidates, workers, most, size):
    assert soonest_size(candidates, workers, most) == size
