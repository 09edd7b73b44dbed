"""EPE-NAS: how differently a site's wire would act on different rows of one class."""

from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.site_scores import SiteScores, per_unit_of_rank
from spaces.errors import InputError

__all__ = ["EPE_NAS"]

_K = 1e-5  # of the paper


def _measure(evidence: Evidence, name: str) -> SiteScores:
    r"""How differently rows of one class move a site: over the correlations c between the gradients of the
    class's rows, among the first 64 rows. Never negative; 0 where a class's rows act alike. More is
    better.

    .. math:: s = \sum_{\text{classes}} \left\lvert \sum_{i, j \in \text{class}}
       \log \left( \lvert c_{ij} \rvert + k \right) \right\rvert, \qquad k = 10^{-5}

    At a site, rows whose gradient is zero are left out of their class: they have no correlation, and log k of
    each pair would make the sites that do the least the best.

    Source: Lopes et al., EPE-NAS, arXiv:2102.08099, the score for up to 100 classes, in its program over the
    gradients of the summed outputs by the network's input. Departures: before training every allocation is
    the same network, so a site is scored, by the gradients of B at the initial A
    (``proxies.measure.row_features``) for those of the input; and beyond 100 classes, too many for 64 rows,
    the same sum. A class of one row adds nothing worth the name, the same at every site. Cost: a forward and
    backward of 64 rows, shared with ``jacov``. Raises InputError where there are no classes.
    """
    features = evidence.row_features
    if features.classes is None:
        raise InputError(
            f"proxy {name} compares the rows of a class, and this task has no classes; "
            "leave it out, or use jacov, which compares all rows."
        )
    classes = [(features.classes == label).nonzero()[:, 0] for label in features.classes.unique()]
    scores = []
    for site in evidence.space.sites:
        correlations = features.correlations[site.name]
        logs, moved = (correlations.abs() + _K).log(), correlations.diagonal() != 0
        rows = [members[moved[members]] for members in (one.to(logs.device) for one in classes)]
        scores.append(sum(float(logs[members][:, members].sum().abs()) for members in rows))
    return per_unit_of_rank(name, "init", evidence.space, scores)


EPE_NAS = Proxy("epe_nas", "init", _measure)
