"""Which known legs are trained again, as their cohort was interrupted while it was recorded."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import groupby
from math import inf

from evaluators.executors.assignment import Assignment
from evaluators.executors.cohorts import form_cohorts
from evaluators.executors.workload import Work
from evaluators.training.leg import Leg

__all__ = ["trained_again"]


def trained_again(work: Work, cohort_size: int) -> list[Leg]:
    """The known legs of cohorts of which others are left to train (``Assignment.left_of``).

    Whatever executor formed a cohort, it is a stretch of the legs in their order: it is told by its mark.
    cohort_size: the most candidates of one.
    """
    candidates = [leg.candidate for leg in work.legs]
    stretches = form_cohorts(candidates, work.workload.sites, len(candidates), max_padding=inf)
    order = [work.legs[i] for stretch in stretches for i in stretch]
    marked = sorted((work.together[leg], place) for place, leg in enumerate(order) if leg in work.together)
    again: list[Leg] = []
    for mark, group in groupby(marked, key=lambda pair: pair[0]):
        places = [place for _, place in group]
        for cohort in _around(order, work.known, places[0], places[-1] + 1, cohort_size):
            whole = Assignment(0, work.workload, cohort, "")
            if whole.mark == mark:
                left = whole.left_of(work)
                again += [leg for leg in left.legs if leg in work.known] if left else []
                break
    return again


def _around(
    order: Sequence[Leg], known: Container[Leg], first: int, end: int, size: int
) -> Iterator[tuple[Leg, ...]]:
    """The stretches of at most so many legs that hold these and no other known ones; these alone first."""
    for start in range(first, max(0, end - size) - 1, -1):
        if start < first and order[start] in known:
            return
        for stop in range(end, min(len(order), start + size) + 1):
            if stop > end and order[stop - 1] in known:
                break
            yield tuple(order[start:stop])
