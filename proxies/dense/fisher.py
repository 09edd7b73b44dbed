"""FISHER: how much a site's gradient says about the loss, summed over batches."""

from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Seen
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank
from spaces.double_precision import in_double

__all__ = ["FISHER"]


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""The trace of the empirical Fisher matrix of Delta W, with a batch for a sample. More is better.

    .. math:: s = \sum_b \lVert G_b \rVert_F^2, \qquad
       G_b = \frac{\partial L_b}{\partial \Delta W}, \quad L_b \text{ the mean loss of batch } b

    Source: Theis et al., arXiv:1801.05787, and ``fisher`` in the program of arXiv:2101.08134. Departures:
    they sum (activation times its gradient) squared over channels; a wire changes weights, so G stands here.
    True labels, not labels drawn from the model. Unlike the norm of G, batches cannot cancel: of n batches
    the sum is the squared norm of G over n, plus the squared deviations. With one batch it is grad_norm
    squared. Cost: the dense pass, shared; memory for three matrices of G's shape instead of one, entry by
    entry.
    """
    return per_unit_of_rank(name, "dense", evidence.space, evidence.of(_SQUARES))


def _squares(seen: Seen) -> float:
    mean_part = in_double(seen.gradient).square().sum() / seen.batches
    return float(mean_part + in_double(seen.tensors["deviations"]).sum())


_SQUARES: Final = Need("squares_by_batch", frozenset({"gradient", "deviations"}), _squares)
FISHER = Proxy("fisher", "dense", _measure, needs=frozenset({_SQUARES}))
