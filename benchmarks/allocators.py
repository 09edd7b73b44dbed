"""What allocators make of the same scores: the share of the largest worth that each reaches, how much of the
budget it places otherwise than the exact one, and its seconds. Nothing is trained.

    python -m benchmarks.allocators --train-file train.tsv --eval-file dev.tsv --train-rows 2048 \
        --proxies zico,l2_norm --mean-ranks 0.125,1,8 --output allocators.json
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

import search
from proxies.site_scores import SiteScores
from search.allocation.registry import ALLOCATORS, SCORE_FREE
from search.allocation.spend import spend
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

from .record import record
from .rescored import scoring_parser

__all__ = ["Made", "compared", "elsewhere", "summed_up"]

_EXACT: Final = "exact"
_BY_SCORES: Final = tuple(name for name in ALLOCATORS if name not in SCORE_FREE)
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Made:
    """What an allocator made of one proxy's scores at one budget.

    share: of the worth that ``exact`` reached. elsewhere: the share of the budget that ``exact`` put at other
    sites, or at other ranks.
    """

    allocator: str
    share: float
    elsewhere: float
    seconds: float


def elsewhere(one: Allocation, other: Allocation, space: SearchSpace, max_params: int) -> float:
    """Half the parameters by which two allocations differ, site by site, over the budget: in [0, 1]."""
    price = np.array([site.cost_per_rank for site in space.sites])
    apart = np.abs(space.rank_vector(one) - space.rank_vector(other)) @ price
    return float(apart / (2 * max_params))


def compared(scores: SiteScores, max_params: int) -> list[Made]:
    """Every allocator that goes by scores, the rest of the budget spent as searches do."""
    plans, seconds = {}, {}
    for name in _BY_SCORES:
        began = time.perf_counter()
        plans[name] = spend(scores, name, max_params=max_params)
        seconds[name] = time.perf_counter() - began
    best, space = plans[_EXACT], scores.space
    return [
        Made(
            name,
            scores.of(plan) / scores.of(best),
            elsewhere(plan, best, space, max_params),
            seconds[name],
        )
        for name, plan in plans.items()
    ]


def summed_up(made: Sequence[Made]) -> dict[str, dict[str, Mapping[str, float]]]:
    """By allocator the least, the median and the largest of each figure, over proxies."""
    of: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        of[one.allocator].append(one)
    return {
        name: {
            figure: _spread([getattr(one, figure) for one in ones])
            for figure in ("share", "elsewhere", "seconds")
        }
        for name, ones in of.items()
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    named = {"least": np.min(values), "median": np.median(values), "most": np.max(values)}
    return {name: round(float(value), _DIGITS) for name, value in named.items()}


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = scoring_parser("Compare allocators on the same scores.", embedded=True)
    parser.add_argument(
        "--mean-ranks", type=lambda text: [float(one) for one in text.split(",")], default=[0.125, 0.5, 2, 8]
    )
    parser.set_defaults(shortcut_alpha=4.0)  # as searches have it
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Scores at every budget, since the ranks to choose from follow from it, and compares."""
    args = parsed(argv)
    data = {"train": args.train_file, "eval": args.eval_file, "train_rows": args.train_rows}
    scored = {"shortcut_alpha": args.shortcut_alpha, "warm_up_steps": args.warm_up_steps}
    per_rank = search.setup(**data, space=args.space, budget="r=1").budget
    measured: dict[str, object] = {}
    for mean_rank in args.mean_ranks:
        budget = round(mean_rank * per_rank)
        bench = search.setup(**data, **scored, space=args.space, budget=budget, threads=1)
        made = [one for scores in bench.score(*args.proxies) for one in compared(scores, bench.budget)]
        measured[f"mean rank {mean_rank:g}"] = summed_up(made)
    record("benchmarks.allocators", "cpu", {"proxies": args.proxies, "of": measured}, args.output)


if __name__ == "__main__":
    main()
