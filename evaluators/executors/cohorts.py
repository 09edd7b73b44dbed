"""Which candidates train together."""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.training.candidate import Candidate
from spaces.site import Site

__all__ = ["default_cohort_size", "form_cohorts", "soonest_size"]


def default_cohort_size(device: str) -> int:
    """Candidates that share a forward pass: many on a GPU, which small batches leave idle, few on a CPU,
    where the arithmetic is the limit and more candidates only add padding."""
    return 32 if device.startswith("cuda") else 4


def soonest_size(candidates: int, workers: int, most: int) -> int:
    """The size, of 1 to ``most``, in whose cohorts all candidates have ended soonest, the largest of these.

    Each worker takes the next cohort as it is free, and needs time in proportion to its candidates: 12 on two
    workers end after 6 in cohorts of 3, after 8 in cohorts of 4. It is never more than an equal share.
    """

    def ends(size: int) -> int:
        whole, rest = divmod(candidates, size)
        rounds, more = divmod(whole, workers)
        return rounds * size + (size if more else rest)

    return min(range(max(1, min(most, candidates)), 0, -1), key=ends)


def form_cohorts(
    candidates: Sequence[Candidate], sites: Sequence[Site], size: int, *, max_padding: float
) -> list[list[int]]:
    """Indices of the candidates, in cohorts of at most ``size`` with like allocations together.

    A cohort's wires have its largest rank at every site. max_padding: how many parameters that may add
    to a candidate's own on average; a cohort ends where the next candidate would exceed it.
    """
    cost = {site.name: site.cost_per_rank for site in sites}
    cohorts: list[list[int]] = []
    largest: dict[str, int] = {}
    own = 0
    for index in sorted(range(len(candidates)), key=lambda i: (candidates[i].allocation.ranks, i)):
        ranks = dict(candidates[index].allocation.ranks)
        joint = {
            name: max(ranks.get(name, 0), largest.get(name, 0)) for name in ranks.keys() | largest.keys()
        }
        params = sum(cost[name] * rank for name, rank in ranks.items())
        padded = sum(cost[name] * rank for name, rank in joint.items())
        members = len(cohorts[-1]) + 1 if cohorts else 1
        if not cohorts or members > size or padded - (own + params) / members > max_padding:
            cohorts.append([])
            joint, own = ranks, 0
        cohorts[-1].append(index)
        largest, own = joint, own + params
    return cohorts
