"""The Optuna samplers by name, set up for some hundred categorical ranks and some hundred trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from spaces.unknown_name import row_named

from .remembering_tpe import RememberingTPE

__all__ = ["SAMPLERS", "Sampler", "find_sampler"]


@dataclass(frozen=True, slots=True)
class Sampler:
    """How a sampler is built, and what it reads of the trials that it is told.

    make: it, from a seed; its docstring is the sampler's section in the documentation.
    window: trials that it looks back on, at most, where it reads them all for every suggestion; None: all.
    reads_pruned: whether it weighs how far a stopped trial came; else its last value is told as if it were
    final.
    note: writes on the trial that it is asked about what it must find again on each that it is told, where
    there is such a thing.
    """

    make: Callable[[int], BaseSampler]
    window: int | None = None
    reads_pruned: bool = False
    note: Callable[[BaseSampler, Study, FrozenTrial], None] | None = None


def _tpe(seed: int) -> BaseSampler:
    r"""The tree-structured Parzen estimator: what is likely among good trials and unlikely among the others.

    .. math:: \arg\max_{x} \; \frac{\ell(x)}{g(x)}, \qquad
       \ell \text{ the density of the best trials, } g \text{ that of the rest}

    One joint density over all sites: faster than a density per site, and it knows which ranks go together.
    A trial that is running counts as a bad one (the constant liar), so that none is like it. Source:
    Bergstra et al., NeurIPS 2011; Optuna's ``TPESampler``, with Falkner et al., arXiv:1807.01774, for the
    joint density.
    """
    return RememberingTPE(seed)


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


def _note_generation(sampler: BaseSampler, study: Study, asked: FrozenTrial) -> None:
    """NSGA-II tells by a trial's generation whether it is a parent."""
    assert isinstance(sampler, NSGAIISampler), "the row says who made it"
    sampler.get_trial_generation(study, asked)


_TPE_WINDOW: Final = 256
"""TPE sorts the trials and weighs every suggestion against each; over several objectives it also chooses
among the nondominated by hypervolume. Without a window 1,000 proposals over 11 sites and 3 objectives took
41 s of a CPU, and time grew faster than the square. With it time is linear: about 8 ms for a proposal over 11
or 40 sites and 3 objectives, 60 ms for 5. With 512 it learned a little better over 40 sites in twice the
time, with 128 worse.
"""

SAMPLERS: Final[Mapping[str, Sampler]] = {
    "tpe": Sampler(_tpe, window=_TPE_WINDOW, reads_pruned=True),
    "nsga2": Sampler(_nsga2, note=_note_generation),
    "random": Sampler(_random),
}  # Optuna marks NSGA-III and QMC as experimental; CMA-ES has no categorical parameters


def find_sampler(name: str) -> Sampler:
    """The sampler of that name; raises UsageError on an unknown one."""
    return row_named("sampler", name, SAMPLERS)
