"""The proxies by name, and scoring a space with several of them at once.

Known proxies that are left out because they make no sense for wires:

* ``flops``: a wire's multiply-adds per token, r (d_in + d_out), are its parameters: ``params``.
* ``zen`` (arXiv:2102.01063): how far random weights of a network carry a change of its input, its normal
  layers' scales taken out. Here allocations share the pretrained weights, and with B = 0 a wire carries
  nothing, so all of them have one Zen-score, and a site has none of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

import numpy as np

from proxies.base.condition import CONDITION
from proxies.base.eva import EVA
from proxies.base.l2_norm import L2_NORM
from proxies.composed.ensemble import ENSEMBLE, ensemble
from proxies.composed.root import ROOT, root
from proxies.dense.fisher import FISHER
from proxies.dense.gps import GPS
from proxies.dense.grad_norm import GRAD_NORM, GRAD_NORM_INIT, GRAD_NORM_WARM
from proxies.dense.grasp import GRASP
from proxies.dense.plain import PLAIN
from proxies.dense.snip import SNIP, SNIP_INIT, SNIP_WARM
from proxies.dense.snr import SNR
from proxies.dense.spectrum import SPECTRUM
from proxies.dense.synflow import SYNFLOW, SYNFLOW_INIT, SYNFLOW_WARM
from proxies.init.adam_gain import ADAM_GAIN
from proxies.init.adam_signal import ADAM_SIGNAL
from proxies.init.epe_nas import EPE_NAS
from proxies.init.jacov import JACOV
from proxies.init.kernel_regression import KERNEL_REGRESSION
from proxies.init.nwot import NWOT
from proxies.init.zico import ZICO
from proxies.measure.evidence import Evidence
from proxies.none.constant import CONSTANT
from proxies.none.params import PARAMS
from proxies.none.spread import SPREAD
from proxies.warm.ablation import ABLATION
from proxies.warm.alpha_test import ALPHA_TEST
from proxies.warm.linearised_gates import LINEARISED_GATES
from proxies.warm.pruned_wide import PRUNED_WIDE, PRUNED_WIDE_MAGNITUDE
from proxies.warm.sensitivity import SENSITIVITY, SENSITIVITY_SUM
from proxies.warm.solo import SOLO, SOLO_LINEAR
from proxies.warm.supernet import SUPERNET
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.printable import quoted
from spaces.unknown_name import unknown_name

from .proxy import Proxy
from .site_scores import DegenerateScoreError, NotFiniteScoreError, SiteScores

__all__ = ["ALL", "OFFERED", "PROXIES", "UNPROVEN", "find_proxy", "proxy_names", "score_sites", "spelled_out"]

OFFERED: Final[Mapping[str, Proxy]] = {
    "constant": CONSTANT,
    "spread": SPREAD,
    "grad_norm@init": GRAD_NORM_INIT,
    "grad_norm@warm": GRAD_NORM_WARM,
    "snip": SNIP,
    "snip@warm": SNIP_WARM,
    "synflow": SYNFLOW,
    "synflow@warm": SYNFLOW_WARM,
    "spectrum": SPECTRUM,
    "gps": GPS,
    "snr": SNR,
    "zico": ZICO,
    "adam_gain": ADAM_GAIN,
    "adam_signal": ADAM_SIGNAL,
    "eva": EVA,
    "l2_norm": L2_NORM,
    "condition": CONDITION,
    "params": PARAMS,
    "jacov": JACOV,
    "nwot": NWOT,
    "epe_nas": EPE_NAS,
    "sensitivity": SENSITIVITY,
    "sensitivity_sum": SENSITIVITY_SUM,
    "ablation": ABLATION,
    "solo": SOLO,
    "solo_linear": SOLO_LINEAR,
}
"""The controls, and what a committed study or ladder shows to rank allocations or single sites rightly: with
a correlation whose 95 % interval lies above 0, somewhere (results/proxies)."""

UNPROVEN: Final[Mapping[str, Proxy]] = {
    "grad_norm": GRAD_NORM,
    "snip@init": SNIP_INIT,
    "synflow@init": SYNFLOW_INIT,
    "plain": PLAIN,
    "fisher": FISHER,
    "grasp": GRASP,
    "kernel_regression": KERNEL_REGRESSION,
    "supernet": SUPERNET,
    "alpha_test": ALPHA_TEST,
    "pruned_wide": PRUNED_WIDE,
    "pruned_wide_magnitude": PRUNED_WIDE_MAGNITUDE,
    "linearised_gates": LINEARISED_GATES,
}
"""What none does, tried or not: behind ``all``, and by name."""

PROXIES: Final[Mapping[str, Proxy]] = MappingProxyType({**OFFERED, **UNPROVEN})
ALL: Final = "all"
"""Stands for every proxy."""

_DEEPEST: Final = 4  # prefixes, of which two already say all there is to say
_BUILT: Final = (
    ", several of them as ensemble:first+second, or one as root:first, whose worth then grows with the root "
    "of the rank"
)
_LONGEST: Final = 1000  # characters, more than an ensemble of all of them has


def find_proxy(name: str) -> Proxy:
    """The proxy of this name; ``ensemble:grad_norm+snr`` and ``root:snr`` are built of others.

    Raises UsageError where there is no such proxy, or none can be built so.
    """
    if len(name) > _LONGEST or name.count(":") > _DEEPEST:
        raise UsageError(
            f"`proxy={quoted(name)}` is built of too many others; at most "
            f"{counted(_DEEPEST, 'prefix', 'prefixes')} and {counted(_LONGEST, 'character')} are read."
        )
    _, prefix, inner = name.rpartition(":")
    if prefix and not all(inner.split("+")):
        raise UsageError(
            f"`proxy={name!r}` lacks a name; write for example root:snr or ensemble:grad_norm+snr."
        )
    if name.startswith(ENSEMBLE):
        members = [find_proxy(member) for member in name.removeprefix(ENSEMBLE).split("+")]
        return ensemble(members, score_sites)
    if name.startswith(ROOT):
        return root(find_proxy(name.removeprefix(ROOT)), score_sites)
    if name not in PROXIES:
        raise unknown_name("proxy", name, OFFERED, more=_BUILT, behind=UNPROVEN)
    return PROXIES[name]


def proxy_names(asked: Sequence[str]) -> tuple[str, ...]:
    """The names asked for, each once, ``all`` spelled out; raises UsageError on one that there is not.

    >>> proxy_names(["snr", "snip", "snr"])
    ('snr', 'snip')
    >>> len(proxy_names([ALL, "root:snr"])) - len(PROXIES)
    1
    """
    names = spelled_out(asked, PROXIES)
    for name in names:
        find_proxy(name)
    return names


def spelled_out(asked: Iterable[str], every: Iterable[str]) -> tuple[str, ...]:
    """The names asked for, each once, those of ``every`` in place of ``all``.

    >>> spelled_out(["root:snr", "all", "snip"], ["snr", "snip"])
    ('root:snr', 'snr', 'snip')
    """
    return tuple(dict.fromkeys(chain.from_iterable(every if name == ALL else (name,) for name in asked)))


def score_sites(proxies: Sequence[Proxy], evidence: Evidence) -> list[SiteScores]:
    """Every proxy's scores of all sites, in order.

    A rank that a site cannot have is worth as much as the highest that it can. One pass over the batches
    measures for all of them, where the evidence was built with ``needs_of`` them.
    Raises DegenerateScoreError where scores are NaN, infinite, or all the same though the proxy is
    meant to rank.
    """
    highest = evidence.space.highest
    return [_checked(proxy, proxy.measure(evidence, proxy.name).at_most(highest)) for proxy in proxies]


def _checked(proxy: Proxy, scores: SiteScores) -> SiteScores:
    values = scores.by_site
    problem, kind = None, DegenerateScoreError
    finite = np.isfinite(values) & np.isfinite(scores.by_rank).all(axis=1)
    if not finite.all():
        problem = f"is not finite at {scores.space.sites[int(np.argmin(finite))].name}"
        kind = NotFiniteScoreError
    elif not proxy.ranks_nothing and not values.any():
        problem = "is 0 at every site"
    elif not proxy.ranks_nothing and len(values) > 1 and np.ptp(values) <= 1e-12 * np.abs(values).max():
        problem = f"is {values[0]:g} at every site"
    if problem is None:
        return scores
    usable = [name for name, other in OFFERED.items() if other.point == "dense" and name != proxy.name]
    raise kind(
        f"proxy {proxy.name} at its evaluation point {proxy.point!r} {problem}, so it ranks nothing; "
        f"leave it out, or use one of {usable} instead."
    )
