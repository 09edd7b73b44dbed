"""The Optuna samplers by name, set up for some hundred categorical ranks and some hundred trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from spaces.unknown_name import unknown_name

from .remembering_tpe import RememberingTPE

__all__ = ["KEEPS_NOTES", "LIVE_SAMPLERS", "READS_PRUNED", "SAMPLERS", "WINDOWS", "find_sampler"]


def _tpe(seed: int) -> BaseSampler:
    r"""The tree-structured Parzen estimator: what is likely among good trials and unlikely among the others.

    .. math:: \arg\max_{x} \; \frac{\ell(x)}{g(x)}, \qquad
       \ell \text{ the density of the best trials, } g \text{ that of the rest}

    One joint density over all sites: faster than a density per site, and it knows which ranks go together.
    Trials are told one at a time, so no running trial needs the constant liar. Source: Bergstra et al.,
    NeurIPS 2011; Optuna's ``TPESampler``, with Falkner et al., arXiv:1807.01774, for the joint density.
    """
    return TPESampler(seed=seed, multivariate=True, constant_liar=False)


def _nsga2(seed: int) -> BaseSampler:
    """A population that crosses and mutates, kept by who is dominated by nobody, then by who stands alone.

    Generations of 16, so that 64 trials see four of them (Optuna's default of 50 would see one). Source: Deb
    et al., IEEE Transactions on Evolutionary Computation 6, 2002; Optuna's ``NSGAIISampler``.
    """
    return NSGAIISampler(seed=seed, population_size=16)


def _random(seed: int) -> BaseSampler:
    """Every rank by itself, uniformly from the grid, then repaired to the budget.

    Source: Optuna's ``RandomSampler``; Bergstra and Bengio, JMLR 13, 2012.
    """
    return RandomSampler(seed=seed)


SAMPLERS: Final[Mapping[str, Callable[[int], BaseSampler]]] = {
    "tpe": _tpe,
    "nsga2": _nsga2,
    "random": _random,
}  # Optuna marks NSGA-III and QMC as experimental; CMA-ES has no categorical parameters


WINDOWS: Final[Mapping[str, int]] = {"tpe": 256}
"""Told trials that a sampler looks back on, at most, where it reads them all for every suggestion.

TPE sorts them and weighs every suggestion against each; over several objectives it also chooses among the
nondominated by hypervolume. Without a window 1,000 proposals over 11 sites and 3 objectives took 41 s of a
CPU, and time grew faster than the square. With it time is linear: about 8 ms for a proposal over 11 or 40
sites and 3 objectives, 60 ms for 5. With 512 it learned a little better over 40 sites in twice the time, with
128 worse.
"""


LIVE_SAMPLERS: Final[Mapping[str, Callable[[int], BaseSampler]]] = {**SAMPLERS, "tpe": RememberingTPE}
"""The same names, where trials are told long after they were asked for."""
READS_PRUNED: Final = frozenset({"tpe"})
"""Those that weigh how far a stopped trial came; to the others its last value is told as if it were final."""
KEEPS_NOTES: Final = frozenset({"nsga2"})
"""Those that must find on a trial again what they noted when they were asked: the generation."""


def find_sampler(name: str) -> Callable[[int], BaseSampler]:
    """Builds the sampler of that name from a seed; raises UsageError on an unknown name."""
    if name not in SAMPLERS:
        raise unknown_name("sampler", name, SAMPLERS)
    return SAMPLERS[name]
