"""ROOT: another proxy's sites, each unit of rank worth less than the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["ROOT", "root"]

ROOT = "root:"


def root(member: Proxy, score: Callable[[Sequence[Proxy], Evidence], list[SiteScores]]) -> Proxy:
    r"""The proxy ``root:member``: each unit of rank is worth less than the one before.

    .. math:: s(r) = s_{\text{member}} \, \sqrt{r}

    score: ``proxies.registry.score_sites``. A sum of worths that are linear in rank sees no difference
    between few sites at high ranks and many at low ones, though fine-tuning does: the worth of rank is
    concave. The root is the simplest concave law without a constant to choose. A negative score stays
    negative. Source: ours, and judged in results/. Cost: the member's, at whose point it looks.
    """

    def measure(evidence: Evidence, name: str) -> SiteScores:
        (scores,) = score([member], evidence)
        return _by_root(name, scores)

    return Proxy(
        ROOT + member.name, member.point, measure, ranks_nothing=member.ranks_nothing, needs=member.needs
    )


def _by_root(name: str, scores: SiteScores) -> SiteScores:
    by_rank = scores.by_site[:, None] * np.sqrt(np.array(scores.space.ranks))
    return replace(scores, proxy=name, by_rank=by_rank, together=None)
