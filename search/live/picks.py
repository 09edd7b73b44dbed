"""The proxies' own allocations, which are the first trials after the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Final

import numpy as np

from proxies.site_scores import SiteScores
from search.sampling.choose_finalists import choose_finalists
from search.sampling.proposals import Proposal, propose
from search.sampling.running_study import Alternatives
from spaces.allocation import Allocation

__all__ = ["picks_of"]

_BUDGETS: Final = 4  # for which proxies are asked, where trials have budgets of their own


def picks_of(
    scores: Sequence[SiteScores], choices: Alternatives, *, allocators: Sequence[str], count: int, seed: int
) -> list[tuple[Proposal, int]]:
    """Up to ``count`` distinct allocations of proxies and allocators, all proxies in turn, each with the
    budget that it was made for.

    Where budgets differ they are asked for four, evenly apart in ratio, the largest first. seed: >= 0.
    """
    least, most = choices.least_params, choices.max_params
    budgets = [most] if least == most else np.geomspace(most, least, _BUDGETS).round().astype(int).tolist()
    turns = []
    for budget in budgets:
        proposals = propose(
            scores, max_params=budget, allocators=allocators, samplers=(), trials=0, seed=seed
        )
        turns.append([(one, budget) for one in choose_finalists(proposals, count, seed=seed)])
    distinct: dict[Allocation, tuple[Proposal, int]] = {}
    for one in chain.from_iterable(zip_longest(*turns)):
        if one is not None:
            distinct.setdefault(one[0].allocation, one)
    return list(distinct.values())[:count]
