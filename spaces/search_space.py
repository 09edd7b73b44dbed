"""A search space: the sites that may carry a wire, and the ranks it may have."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .allocation import Allocation
from .counted import counted
from .errors import UsageError
from .is_whole import is_whole
from .printable import printable
from .site import Site

__all__ = ["SearchSpace", "params_per_rank", "parse_ranks", "rank_grid", "written_ranks"]


def params_per_rank(sites: Sequence[Site]) -> int:
    """Parameters of one unit of rank at every site, sum of (d_in + d_out)."""
    return sum(site.cost_per_rank for site in sites)


def rank_grid(sites: Sequence[Site], max_params: int) -> tuple[int, ...]:
    """Ranks that fit a budget: 0 and the powers of two from about u/4 to 4u (DESIGN, section 2).

    u = max_params / params_per_rank is the rank of the uniform allocation; the ends are rounded to
    the nearest power of two and capped at the largest min(d_in, d_out) of the sites.
    """
    cap = max(site.max_rank for site in sites)
    uniform = max_params / params_per_rank(sites)
    low = max(0, round(math.log2(uniform / 4)))
    high = max(low, round(math.log2(uniform * 4)))
    powers = [2**power for power in range(low, high + 1) if 2**power <= cap]
    return (0, *(powers or [cap]))


def written_ranks(given: str | Sequence[int]) -> str:
    """Ranks as they are typed: text as it stands, whole numbers with commas.

    >>> written_ranks("0, 4"), written_ranks([0, 4, 8])
    ('0, 4', '0,4,8')

    Raises UsageError on anything else; ``parse_ranks`` on texts that are no ranks.
    """
    if isinstance(given, str):
        return given
    return ",".join(map(str, _whole(given)))


def parse_ranks(text: str | Sequence[int]) -> tuple[int, ...]:
    """The ranks that ``0,4,8`` or a list of them names, as written; ``SearchSpace`` checks them against the
    sites. Raises UsageError on what are no ranks."""
    text = written_ranks(text)
    ranks = [rank.strip() for rank in text.split(",")]
    if not all(re.fullmatch("[0-9]{1,9}", rank) for rank in ranks):
        raise UsageError(
            f"`ranks={text}` are not whole numbers with commas; write for example `ranks=0,4,8`, at most "
            "9 digits each."
        )
    return tuple(map(int, ranks))


def _whole(given: object) -> tuple[int, ...]:
    """Raises UsageError on anything but whole numbers, of which NumPy's are some."""
    ranks: list[Any] = list(given) if isinstance(given, Iterable) else [None]
    if not all(is_whole(one) for one in ranks):
        shown = printable(reprlib.repr(given))
        raise UsageError(f"`ranks={shown}` are not whole numbers; write for example `ranks=[0, 4, 8]`.")
    return tuple(map(int, ranks))


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Which sites may carry a wire, and at which ranks.

    sites: in the order of the network. ranks: the grid, ascending, beginning with 0 (no wire). A site that is
    narrower than a rank of the grid, min(d_in, d_out) below it, cannot have that rank, and has the others.

    >>> from spaces import Site, Tap
    >>> tap = Tap("layers.0", "in")
    >>> q = Site("layers.0.q", 0, "q", "lora", d_in=64, d_out=64, source=tap, target=tap)
    >>> gate = Site("layers.0.gate", 0, "gate", "lora", d_in=64, d_out=1, source=tap, target=tap)
    >>> space = SearchSpace((q, gate), (0, 1, 4))
    >>> space.costs.tolist()
    [[0, 128, 512], [0, 65, 260]]
    >>> space.highest.tolist(), space.most_params
    ([4, 1], 577)
    >>> space.params(space.allocation([4, 1]))
    577
    """

    sites: tuple[Site, ...]
    ranks: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.sites:
            raise UsageError("the search space has no site; name at least one role, as in `space=lora[q,v]`.")
        names = [site.name for site in self.sites]
        if len(set(names)) != len(names):
            raise ValueError(f"sites={names} must have distinct names; drop the repeats.")
        allowed = tuple(sorted({0, *_whole(self.ranks)}))
        if self.ranks != allowed or allowed[0] < 0 or len(allowed) < 2:
            raise UsageError(
                f"ranks {list(self.ranks)} must ascend from 0 without repeats and hold a rank above 0; "
                "write for example `ranks=0,4,8`."
            )
        cap = max(site.max_rank for site in self.sites)
        if self.ranks[-1] > cap:
            raise UsageError(
                f"rank {self.ranks[-1]} is above {cap}, the largest min(d_in, d_out) of the sites, where "
                f"a wire is full rank already; use ranks of at most {cap}."
            )

    @property
    def available(self) -> np.ndarray:
        """Which ranks of the grid each site can have, those up to its full rank: (sites, ranks) bool."""
        full = np.array([site.max_rank for site in self.sites])
        return np.asarray(np.array(self.ranks)[None, :] <= full[:, None])

    @property
    def highest(self) -> np.ndarray:
        """The largest rank of the grid that each site can have: (sites,), int64."""
        return np.asarray(np.array(self.ranks, dtype=np.int64)[self.available.sum(axis=1) - 1])

    @property
    def most_params(self) -> int:
        """Parameters of every site at the largest rank of the grid that it can have."""
        return self.params(self.allocation(self.highest))

    @property
    def costs(self) -> np.ndarray:
        """Parameters of every site at every rank of the grid, ``available`` or not: (sites, ranks), int64."""
        per_rank = np.array([site.cost_per_rank for site in self.sites], dtype=np.int64)
        return per_rank[:, None] * np.array(self.ranks, dtype=np.int64)[None, :]

    @property
    def params_per_rank(self) -> int:
        """Parameters of one unit of rank at every site."""
        return params_per_rank(self.sites)

    def params(self, allocation: Allocation) -> int:
        """Trainable parameters of an allocation's wires, the head left out.

        Raises ValueError where the allocation names a site that is not in this space.
        """
        cost = {site.name: site.cost_per_rank for site in self.sites}
        unknown = [name for name, _ in allocation.ranks if name not in cost]
        if unknown:
            raise ValueError(f"sites {unknown[:3]} are not in this space of {counted(len(cost), 'site')}.")
        return sum(rank * cost[name] for name, rank in allocation.ranks)

    def allocation(self, ranks: Sequence[int] | np.ndarray) -> Allocation:
        """The allocation that gives each site, in order, one of ``ranks``: (sites,), whole numbers."""
        return Allocation.of({s.name: r for s, r in zip(self.sites, ranks, strict=True)})

    def rank_vector(self, allocation: Allocation) -> np.ndarray:
        """Rank of every site in order, 0 where off: (sites,), int64."""
        ranks = dict(allocation.ranks)
        return np.array([ranks.get(site.name, 0) for site in self.sites], dtype=np.int64)
