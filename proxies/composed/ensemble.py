"""ENSEMBLE: several proxies of one mind, by the mean of their ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy, needs_of
from proxies.site_scores import Point, SiteScores
from spaces.errors import UsageError

__all__ = ["ENSEMBLE", "ensemble"]

ENSEMBLE = "ensemble:"


def ensemble(
    members: Sequence[Proxy], score: Callable[[Sequence[Proxy], Evidence], list[SiteScores]]
) -> Proxy:
    r"""The proxy ``ensemble:first+second``: several proxies of one mind, by the mean of their ranks.

    .. math:: s(r) = \sum_{\text{steps up to } r} \text{units} \cdot \operatorname{mean}_{\text{members}}
       \frac{\text{place of the step}}{\text{steps of all sites}}

    A site's score is the mean over members of its place among the sites, as a share in (0, 1], ties at their
    mean place; 1 is the best. Per rank, places are given to what allocators compare: the worth that each unit
    of rank adds, ``by_rank``'s steps over the grid's, of all sites and ranks above 0. Their mean over
    members, times each step's units of rank, adds up to ``by_rank``. So a member that says nothing about rank
    adds each unit alike, one that is concave in rank stays so whatever the grid, and worth always grows with
    rank. (Places of the worths themselves would grow by the grid's columns, not by rank.)

    Source: mean ranks are Borda's count, as Dwork et al., WWW 2001, aggregate rankings by. Departure from its
    members: places forget how far apart scores are and where 0 is, so the ensemble never holds a site to be
    harmful; and the error of a member's sketched scores says nothing of places, so that none is stated. Cost:
    that of its members, whose measurements are shared. Point: that of its members where they agree, else
    ``mixed``.

    score: ``proxies.registry.score_sites``. Raises UsageError on fewer than two members, on a repeated one,
    and on one that ranks nothing by design; scoring raises DegenerateScoreError where a member does.
    """
    names = [member.name for member in members]
    given = f"`proxy={ENSEMBLE + '+'.join(names)!r}`"
    if len(set(names)) < max(2, len(names)):
        raise UsageError(
            f"{given} needs two or more different members; write for example ensemble:grad_norm+snr."
        )
    idle = [member.name for member in members if member.ranks_nothing]
    if idle:
        raise UsageError(f"{given} has the member {idle[0]}, which ranks nothing by design; leave it out.")
    points = {member.point for member in members}
    point: Point = points.pop() if len(points) == 1 else "mixed"

    def measure(evidence: Evidence, name: str) -> SiteScores:
        scores = score(members, evidence)
        by_site = np.mean([_places(one.by_site) for one in scores], axis=0)
        units = np.diff(evidence.space.ranks)
        rates = np.mean([_places(np.diff(one.by_rank, axis=1) / units) for one in scores], axis=0)
        by_rank = np.zeros((len(by_site), len(evidence.space.ranks)))
        by_rank[:, 1:] = np.cumsum(rates * units, axis=1)
        exact = all(one.error == 0 for one in scores)
        return SiteScores(name, point, evidence.space, by_site, by_rank, 0.0 if exact else None)

    return Proxy(ENSEMBLE + "+".join(names), point, measure, needs=needs_of(members))


def _places(values: np.ndarray) -> np.ndarray:
    """Each value's place among all, the largest 1, as a share in (0, 1]; ties share their mean place.

    Values that agree in 12 digits tie: steps of a worth that is linear in rank differ by rounding.
    """
    mantissa, exponent = np.frexp(values)
    rounded = np.ldexp(np.round(mantissa, 12), exponent)
    return np.asarray(rankdata(rounded).reshape(values.shape) / values.size)
