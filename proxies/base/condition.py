"""CONDITION: how evenly the weight that a site changes treats its directions."""

import torch

from proxies.measure.evidence import Evidence
from proxies.measure.site_weight import site_weight
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank
from spaces.double_precision import in_double
from spaces.site import Site

__all__ = ["CONDITION"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How evenly the weight that a site changes treats its directions: its reciprocal condition number, in
    [0, 1]. Of a residual wire W0 = I, so 1; a cross wire's W0 = 0 is singular, so 0, as LAPACK's gecon
    has it.

    .. math:: s = \frac{1}{\kappa(W_0)} = \frac{\sigma_{\min}(W_0)}{\sigma_{\max}(W_0)}

    Source: the condition number (Golub and Van Loan, Matrix Computations). A small one is better, an
    assumption: an ill-conditioned W0 passes little of what a wire could correct. Scored as the reciprocal,
    which is that direction turned round, positive, and finite where W0 is singular. Cost: one singular value
    decomposition of each W0 in float64; no data.
    """
    return per_unit_of_rank(
        name, "base", evidence.space, [_reciprocal(evidence, s) for s in evidence.space.sites]
    )


def _reciprocal(evidence: Evidence, site: Site) -> float:
    if site.kind != "lora":
        return 1.0 if site.kind == "residual" else 0.0
    values = torch.linalg.svdvals(in_double(site_weight(evidence.model, site)))
    return float(values[-1] / values[0]) if values[0] else 0.0


CONDITION = Proxy("condition", "base", _measure)
