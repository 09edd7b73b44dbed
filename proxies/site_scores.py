"""What every proxy returns: how much each site is worth, at each rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.search_space import SearchSpace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DegenerateScoreError", "Point", "SiteScores", "Together", "per_unit_of_rank"]

Together = Callable[[np.ndarray], np.ndarray]
"""What whole allocations are worth: their ranks, (allocations, sites), any that a site can have ->
(allocations,)."""
Point = Literal["none", "base", "dense", "init", "warm", "mixed"]


class DegenerateScoreError(InputError):
    """A proxy's scores cannot rank anything: all equal, NaN or infinite."""


class NotFiniteScoreError(DegenerateScoreError):
    """A proxy's scores are NaN or infinite: the model that it looked at has diverged, or never was finite."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteScores:
    """Scores of all sites of a space; larger means worth more, whatever the proxy's own direction.

    proxy, point: which proxy, evaluated where.
    by_site: (sites,) float64, the site's own score, by which top-k allocation ranks.
    by_rank: (sites, ranks) float64, what a wire of each rank of the grid is worth; 0 at rank 0. What stands
    at a rank that a site cannot have (``SearchSpace.available``) no allocation asks for.
    error: how far the exact score may be from a site's sketched one, as a share of the sketched, at the site
    where that share is largest; 0 where scores are exact, as all but sketched are, None where it cannot be
    said, as of places among sketched scores. It would be a bound were the norm of what the sketch misses
    known; the root of its estimated mean square stands for it, which holds in most draws but is no guarantee.
    Often many times the actual difference. Of ``by_rank`` at lower ranks the share may be larger.
    together: of a proxy that knows what sites do beside each other; then this says what an allocation is
    worth, and ``by_rank``, by which allocators spend, is what each step adds where it is taken. No file has
    it. Without it scores add up: an allocation is worth the sum of its sites' ``by_rank``.

    >>> from spaces import SearchSpace, Site, Tap
    >>> tap = Tap("block", "in")
    >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 64, 64, tap, tap) for i in (0, 1))
    >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, (0, 4, 8)), [1.0, 0.5])
    >>> scores.by_rank.tolist()
    [[0.0, 4.0, 8.0], [0.0, 2.0, 4.0]]
    >>> scores.of(scores.space.allocation([8, 4]))
    10.0
    """

    proxy: str
    point: Point
    space: SearchSpace = field(repr=False)
    by_site: np.ndarray
    by_rank: np.ndarray = field(repr=False)
    error: float | None = 0.0
    together: Together | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.space.sites), len(self.space.ranks))
        if self.by_site.shape != shape[:1] or self.by_rank.shape != shape:
            raise ValueError(
                f"{self.proxy}: by_site {self.by_site.shape} and by_rank {self.by_rank.shape} must have "
                f"the shapes {shape[:1]} and {shape} (sites, ranks)."
            )
        if self.by_rank[:, 0].any():
            raise ValueError(f"{self.proxy}: rank 0 must be worth 0 at every site.")

    @classmethod
    def of_ranks(
        cls, proxy: str, point: Point, space: SearchSpace, by_rank: np.ndarray, *, error: float = 0.0
    ) -> SiteScores:
        """Scores of a proxy that says of every rank what it is worth.

        A site's own score is that of the highest rank that it can have; a rank above that is worth no more.

        Args:
            proxy, point: which proxy, evaluated where.
            space: the sites, and the ranks of the grid.
            by_rank: (sites, ranks), 0 at rank 0.
            error: of sketched scores; 0 where they are exact.
        """
        scores = cls(proxy, point, space, by_rank[:, -1].copy(), by_rank).at_most(space.highest)
        return cls(proxy, point, space, scores.by_rank[:, -1].copy(), scores.by_rank, error)

    def at_most(self, ranks: np.ndarray) -> SiteScores:
        """The same, where what is above a site's own rank is worth as much as that. ranks: (sites,), of the
        grid."""
        own = np.searchsorted(self.space.ranks, ranks)[:, None]
        columns = np.minimum(np.arange(len(self.space.ranks))[None, :], own)
        by_rank = np.take_along_axis(self.by_rank, columns, axis=1)
        return replace(self, by_rank=by_rank)

    def on_grid(self, space: SearchSpace) -> SiteScores:
        """The same scores over a space of the same sites and some of the ranks."""
        columns = [self.space.ranks.index(rank) for rank in space.ranks]
        return replace(self, space=space, by_rank=self.by_rank[:, columns])

    def of_rank_vectors(self, ranks: np.ndarray) -> np.ndarray:
        """Scores of many allocations at once: (allocations, sites) ranks of the grid -> (allocations,).

        For whoever looks through a whole space, at 10^5 allocations a second where scores add
        up. Raises ValueError on a rank that is not of the grid (use ``of`` for those).

        >>> from spaces import SearchSpace, Site, Tap
        >>> ends = Tap("q", "in"), Tap("q", "out")
        >>> sites = tuple(Site(f"layers.{i}.q", i, "q", "lora", 4, 4, *ends) for i in range(2))
        >>> scores = per_unit_of_rank("mine", "none", SearchSpace(sites, ranks=(0, 1, 2)), [1.0, 5.0])
        >>> scores.of_rank_vectors(np.array([[2, 0], [0, 2], [1, 1]])).tolist()
        [2.0, 10.0, 6.0]
        """
        if self.together is not None:
            return self.together(ranks)
        grid = np.array(self.space.ranks)
        if ranks.size and (ranks.min() < 0 or ranks.max() > grid[-1]):
            raise ValueError(
                f"ranks must be of the grid {self.space.ranks}; got {ranks.min()} to {ranks.max()}."
            )
        column_of_rank = np.full(grid[-1] + 1, -1)
        column_of_rank[grid] = np.arange(len(grid))
        columns = column_of_rank[ranks]
        if (columns < 0).any():
            raise ValueError(
                f"ranks must be of the grid {self.space.ranks}; got {np.unique(ranks[columns < 0])}."
            )
        offsets = np.arange(ranks.shape[1]) * len(grid)
        return np.asarray(np.take(self.by_rank.ravel(), columns + offsets).sum(axis=1))

    def of(self, allocation: Allocation) -> float:
        """Score of one allocation; of scores that add up, by linear interpolation between two ranks of the
        grid.

        Raises ValueError on a rank above the grid, of which nothing is known then.
        """
        ranks = self.space.rank_vector(allocation)
        if self.together is not None:
            return float(self.together(ranks[None])[0])
        grid = np.array(self.space.ranks)
        if ranks.max() > grid[-1]:
            raise ValueError(
                f"{self.proxy}: rank {ranks.max()} is above the grid {self.space.ranks}; "
                "score the sites over higher ranks."
            )
        return float(
            sum(np.interp(rank, grid, worth) for rank, worth in zip(ranks, self.by_rank, strict=True))
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object, which says nothing of ``together``."""
        by_site, by_rank = self.by_site.tolist(), self.by_rank.tolist()
        sketched = {} if self.error == 0 else {"error": self.error}
        return {"proxy": self.proxy, "point": self.point, "by_site": by_site, "by_rank": by_rank, **sketched}

    @classmethod
    def of_json(cls, known: Mapping[str, Any], space: SearchSpace) -> SiteScores:
        """What ``to_json`` gave, over the same space; other names in it are somebody else's.

        Raises KeyError, TypeError or ValueError on anything else.
        """
        if known["point"] not in get_args(Point):
            raise ValueError(f"point {known['point']!r}")
        error = known.get("error", 0.0)
        return cls(
            known["proxy"],
            known["point"],
            space,
            np.array(known["by_site"]),
            np.array(known["by_rank"]),
            None if error is None else float(error),
        )

    def table(self, most: int | None = None) -> str:
        """A line a site, the best first: its name, its score, and what rank 1 costs in parameters.

        most: lines of sites; by default all.
        """
        ranked = sorted(zip(self.space.sites, self.by_site.tolist(), strict=True), key=lambda one: -one[1])
        rows = [("site", self.proxy, "parameters per rank")]
        rows += [(site.name, f"{score:.4g}", f"{site.cost_per_rank:,}") for site, score in ranked[:most]]
        first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{name:<{first}}  {score:>{second}}  {cost:>{third}}" for name, score, cost in rows)

    def heat_map(self, path: str | Path | None = None) -> Figure:
        """Layer by role, coloured by the place of a site's score among all; written as a PNG to ``path``."""
        from spaces.show.picture import save_png  # here: matplotlib takes a second to import
        from spaces.show.score_maps import score_maps

        figure = score_maps({self.proxy: self.by_site}, self.space)
        if path is not None:
            save_png(figure, Path(path))
        return figure


def per_unit_of_rank(
    proxy: str,
    point: Point,
    space: SearchSpace,
    by_site: Sequence[float] | np.ndarray,
    *,
    error: float = 0.0,
) -> SiteScores:
    """Scores of a proxy that says nothing about rank: each unit of rank is worth the site's score.

    At the usual initialisation each row of A catches the same expected share of the site's
    gradient, so worth grows linearly with rank; with a budget this is the papers' "best sites on".

    Args:
        proxy, point: which proxy, evaluated where.
        space: the sites, and the ranks of the grid.
        by_site: (sites,), larger means worth more.
        error: of sketched scores; 0 where they are exact.
    """
    values = np.asarray(by_site, dtype=np.float64)
    by_rank = np.zeros((len(values), len(space.ranks)))
    by_rank[:, 1:] = values[:, None] * np.array(space.ranks[1:])
    return SiteScores(proxy, point, space, values, by_rank, error)
