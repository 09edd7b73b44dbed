"""GRAD-NORM: the Euclidean norm of the loss gradient."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.measure.spectrum_needs import NORM
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["GRAD_NORM", "GRAD_NORM_INIT", "GRAD_NORM_WARM"]


def _dense(evidence: Evidence, name: str) -> SiteScores:
    r"""Frobenius norm of the gradient with respect to the whole update. More is better.

    .. math:: s = \lVert G \rVert_F, \qquad G = \frac{\partial L}{\partial \Delta W}

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.4, applied to W' as its section 2.1 argues. Cost: one
    forward and backward per batch, shared with all dense proxies. Where G does not fit into memory, from a
    linear sketch (``proxies.measure.sketch``), whose error the scores carry.
    """
    norms = evidence.dense.norms
    error = evidence.dense.error_of(NORM, norms)
    return per_unit_of_rank(name, "dense", evidence.space, norms, error=error)


def _init(evidence: Evidence, name: str) -> SiteScores:
    r"""Norms of the gradients of A and B at the initialisation, where the first is 0 because B = 0.

    .. math:: s = \lVert \partial L / \partial A \rVert_F + \lVert \partial L / \partial B \rVert_F
       = \lVert \partial L / \partial B \rVert_F

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.4, table 1. Cost: one forward and backward per batch,
    through A: G is never formed.
    """
    return per_unit_of_rank(name, "init", evidence.space, evidence.of(_NORM_OF_B))


def _norm_of_b(seen: Seen) -> float:
    return float(seen.of_b("of_b").norm())


def _warm(evidence: Evidence, name: str) -> SiteScores:
    r"""Norm of the gradients of A and B together, after a short warm-up with every site on, when that of A is
    no longer 0, around the trained wires and head.

    .. math:: s = \left( \lVert \partial L / \partial A \rVert_F^2
       + \lVert \partial L / \partial B \rVert_F^2 \right)^{1/2}

    Source: HeteroLoRA, arXiv:2406.14956, appendix C.4. Departure: there the norms of A's and B's gradients
    are added, here it is one norm of both. The rank is the warm-up's. Cost: the warm-up, and a forward and
    backward of each held batch; both shared.
    """
    network = evidence.super_network
    norms = []
    for site in evidence.space.sites:
        of_a, of_b = network.gradients[site.name]
        norms.append(float((of_a.square().sum() + of_b.square().sum()).sqrt()))
    return per_unit_of_rank(name, "warm", evidence.space, norms)


_NORM_OF_B: Final = Need("norm_of_b", frozenset({"of_b"}), _norm_of_b)
GRAD_NORM = Proxy("grad_norm", "dense", _dense, needs=frozenset({NORM}))
GRAD_NORM_INIT = Proxy("grad_norm@init", "init", _init, needs=frozenset({_NORM_OF_B}))
GRAD_NORM_WARM = Proxy("grad_norm@warm", "warm", _warm)
