"""GRAD-NORM: the Euclidean norm of the loss gradient."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank

__all__ = ["GRAD_NORM", "GRAD_NORM_INIT", "GRAD_NORM_WARM"]


def _dense(evidence: Evidence, name: str) -> SiteScores:
    """Frobenius norm of G. Source: HeteroLoRA, arXiv:2406.14956, appendix C.4, applied to W' as its
    section 2.1 argues. Cost: one forward and backward per batch, shared with all dense proxies."""
    return per_unit_of_rank(
        name,
        "dense",
        evidence.space,
        [float(evidence.gradients[s.name].norm()) for s in evidence.space.sites],
    )


def _init(evidence: Evidence, name: str) -> SiteScores:
    """Norm of dL/dA plus norm of dL/dB at the initialisation: table 1 there. dL/dA = 0 because B = 0."""
    norms = []
    for site in evidence.space.sites:
        of_b = evidence.gradient_of_b(site, evidence.gradients[site.name])
        norms.append(float(of_b[:, : evidence.initial_rank].norm()))
    return per_unit_of_rank(name, "init", evidence.space, norms)


def _warm(evidence: Evidence, name: str) -> SiteScores:
    """Norm of dL/dA and dL/dB together, (||dL/dA||^2 + ||dL/dB||^2)^(1/2), after a short warm-up with
    every site on, when dL/dA is no longer 0. dL/dA = factor * B^T G and dL/dB = factor * G A^T, with G
    taken around the trained wires and head. Source: as at ``init``, whose departure is the rank: the
    warm-up's. Cost: the warm-up, and a forward and backward of each held batch; both shared."""
    network = evidence.super_network
    norms = []
    for site in evidence.space.sites:
        of_a, of_b = network.wires[site.name].gradients(network.gradients[site.name])
        norms.append(float((of_a.square().sum() + of_b.square().sum()).sqrt()))
    return per_unit_of_rank(name, "warm", evidence.space, norms)


GRAD_NORM = Proxy("grad_norm", "dense", _dense)
GRAD_NORM_INIT = Proxy("grad_norm@init", "init", _init)
GRAD_NORM_WARM = Proxy("grad_norm@warm", "warm", _warm)
