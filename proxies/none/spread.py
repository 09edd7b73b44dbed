"""SPREAD: the root of the rank, at every site alike: how widely an allocation is spread."""

import numpy as np

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores

__all__ = ["SPREAD"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""The root of the rank, at every site alike: an allocation scores by how widely it is spread.

    .. math:: s(r) = \sqrt{r}

    The control of every ``root:`` proxy, as ``params`` is of those linear in rank. Source: ours. Cost: none.
    """
    ones = np.ones(len(evidence.space.sites))
    return SiteScores(
        name, "none", evidence.space, ones, np.sqrt(np.array(evidence.space.ranks)) * ones[:, None]
    )


SPREAD = Proxy("spread", "none", _measure, ranks_nothing=True)
