"""GRASP: what a weight does to the flow of gradient."""

from proxies.measure.evidence import Evidence
from proxies.measure.site_weight import weight_times
from proxies.measure.spectrum_needs import NORM
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["GRASP"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""What the site's weights do to the flow of gradient: minus half the slope of the squared norm of G,
    over all sites, for W0 becoming (1 + t) W0. A cross wire scores 0, since its W0 is zero.

    .. math:: s = - \sum_{ij} W_{0,ij} \, (H G)_{ij}, \qquad
       H \text{ the Hessian by the updates of all sites together}

    Source: GraSP, arXiv:2002.07376, as the score of a network in the program of Abdelfattah et al.,
    arXiv:2101.08134, with its sign: more is better, a site whose W0 holds gradient flow back comes first.
    Departures: W0 was trained before, not drawn at random; H counts the sites of the space and no other
    weight; H G by a one-sided difference (``proxies.measure.hessian``) instead of a second backward pass. A
    negative site lowers an allocation's score; ``greedy`` and ``exact`` leave it out. Cost: the dense pass,
    shared, and one more; memory for a second G of every site. Raises InputError where G of all sites does not
    fit, since the step goes along all of them at once.
    """
    products = [
        weight_times(evidence.model, s, evidence.hessian_gradient[s.name]) for s in evidence.space.sites
    ]
    return per_unit_of_rank(name, "dense", evidence.space, [-float(p.sum()) for p in products])


GRASP = Proxy("grasp", "dense", _measure, needs=frozenset({NORM}))  # whose pass it shares
