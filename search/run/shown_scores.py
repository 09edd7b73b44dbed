"""Scores of sites that a person can look at."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from proxies.site_scores import SiteScores
from search.show.aligned_text import aligned
from search.show.picture import save_png
from search.show.score_maps import score_maps

__all__ = ["ShownScores"]


class ShownScores(SiteScores):
    """``SiteScores`` with a table and a picture."""

    @classmethod
    def of_scores(cls, scores: SiteScores) -> ShownScores:
        """The same scores, to be shown."""
        return cls(scores.proxy, scores.point, scores.space, scores.by_site, scores.by_rank)

    def table(self, most: int | None = None) -> str:
        """A line a site, the best first: its name, its score, and what rank 1 costs in parameters.

        most: lines of sites; by default all.
        """
        ranked = sorted(zip(self.space.sites, self.by_site.tolist(), strict=True), key=lambda one: -one[1])
        rows = [("site", self.proxy, "parameters per rank")]
        rows += [(site.name, f"{score:.4g}", f"{site.cost_per_rank:,}") for site, score in ranked[:most]]
        return "\n".join(aligned(rows, right=(1, 2)))

    def heat_map(self, path: str | Path | None = None) -> Figure:
        """Layer by role, coloured by the place of a site's score among all; written as a PNG to ``path``."""
        figure = score_maps({self.proxy: self.by_site}, self.space)
        if path is not None:
            save_png(figure, Path(path))
        return figure
