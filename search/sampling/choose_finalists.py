"""Which proposals are worth fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
from scipy.stats import rankdata

from .proposals import Proposal
from .proposer import UNIFORM, UNIFORM_QV

__all__ = ["choose_finalists"]


def choose_finalists(proposals: Sequence[Proposal], count: int, *, seed: int) -> list[Proposal]:
    """Up to ``count`` proposals besides the uniform baseline, so that every kind of proposer has its turn.

    Of two and more the first is what is usual, ``uniform[q,v]``, where that was proposed; a single one is
    that only where nobody proposed another. Then in rounds, each proxy sends what its next allocator proposed
    and each sampler sends its next best trial, by mean rank over the proxies; proxies and samplers alternate,
    and they and a proxy's allocators come in the order of ``proposals``. An allocation that was chosen
    already is passed over.
    seed: >= 0, breaks ties of mean rank. Fewer than ``count`` where there are no more proposals.
    """
    if count < 0:
        raise ValueError(f"count={count} must be >= 0; pass 0 to fine-tune the baseline alone.")
    candidates = [proposal for proposal in proposals if UNIFORM not in proposal.proposers]
    place = _mean_ranks(candidates, seed)
    proxies, samplers = _queues(candidates, place)
    senders = [queue for pair in zip_longest(proxies, samplers) for queue in pair if queue is not None]
    usual = [index for index, one in enumerate(candidates) if UNIFORM_QV in one.proposers]
    chosen = {index: candidates[index] for index in usual[: max(0, count - 1)]}
    while len(chosen) < count and len(chosen) < len(candidates):
        for queue in senders or [usual]:
            following = next((index for index in queue if index not in chosen), None)
            if following is not None and len(chosen) < count:
                chosen[following] = candidates[following]
    return list(chosen.values())


def _queues(candidates: Sequence[Proposal], place: np.ndarray) -> tuple[list[list[int]], list[list[int]]]:
    """Indices of what each proxy and each sampler proposed, the best first; ``place`` ranks the samplers'.

    What is usual has been sent already.
    """
    of_proxy: dict[str, dict[str, int]] = {}  # proxy -> allocator -> candidate
    of_sampler: dict[str, list[int]] = {}
    order: dict[str, None] = {}  # of the allocators
    for index, proposal in enumerate(candidates):
        for proposer in proposal.proposers:
            if proposer == UNIFORM_QV:
                continue
            if proposer.proxy is None:
                of_sampler.setdefault(proposer.name, []).append(index)
            else:
                of_proxy.setdefault(proposer.proxy, {})[proposer.name] = index
                order.setdefault(proposer.name)
    allocators = [*order]
    proxies = [[sent[name] for name in sorted(sent, key=allocators.index)] for sent in of_proxy.values()]
    samplers = [sorted(sent, key=lambda index: float(place[index])) for sent in of_sampler.values()]
    return proxies, samplers


def _mean_ranks(candidates: Sequence[Proposal], seed: int) -> np.ndarray:
    """Mean over the proxies of the place by score, best first, ties moved apart by chance: (candidates,)."""
    if not candidates:
        return np.empty(0)
    scores = np.array([[score for _, score in proposal.scores] for proposal in candidates])
    tie_break = np.random.default_rng(seed).permutation(len(candidates)) / len(candidates)
    places = rankdata(-scores, axis=0).mean(axis=1)
    return np.asarray(rankdata(places, method="dense") + tie_break)
