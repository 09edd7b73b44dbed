"""A trial that is an allocation and how it is trained, and the parameters by which a study shows it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.site import Site

from .shown import ShownFile, ShownTrial

__all__ = ["AllocationTrial", "TrialAxes"]

_SITE: Final = re.compile(r"layers\.(\d+)\.(.+)")
_BESIDE: Final = "beside the space"
_Params = dict[str, tuple[int | float | str, BaseDistribution]]


@dataclass(frozen=True, slots=True)
class AllocationTrial:
    """An allocation in training, or after it.

    number: counts from 0. params: what its wires cost, in parameters. learning_rate, scaling: None where they
    are no choice. state to note: as of ``ShownTrial``.
    """

    number: int
    allocation: Allocation
    params: int
    learning_rate: float | None = None
    scaling: str | None = None
    state: TrialState = TrialState.RUNNING
    reports: tuple[tuple[int, float], ...] = ()
    values: tuple[float, ...] | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrialAxes:
    """What the trials of a study are chosen from.

    sites: by name, in the order of the network, the largest rank that each can have within the budget: the
    width of a range counts in importances, which are found only where all trials have the same.
    layers: of the network. max_params: the budget, in parameters. rates, scalings: learning rates and scaling
    rules. beside: those of the sites that are none of what is searched. budgets: whether trials have budgets
    of their own.
    """

    sites: Mapping[str, int]
    layers: int
    max_params: int
    rates: tuple[float, ...] = ()
    scalings: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    budgets: bool = True

    @classmethod
    def of(
        cls,
        space: SearchSpace,
        max_params: int,
        *,
        beside: Sequence[Site] = (),
        rates: tuple[float, ...] = (),
        scalings: tuple[str, ...] = (),
        budgets: bool = True,
    ) -> TrialAxes:
        """Those over a space. beside: sites outside it that an allocation may use as well."""
        sites = {
            site.name: min(site.max_rank, max_params // site.cost_per_rank)
            for site in (*space.sites, *beside)
        }
        layers = max(_layer(name) for name in sites) + 1
        names = tuple(site.name for site in beside)
        return cls(sites, layers, max_params, rates, scalings, names, budgets)

    @property
    def roles(self) -> tuple[str, ...]:
        """Of the sites that are searched, with the span, as ``q`` and ``in2``; in their order."""
        return tuple(dict.fromkeys(_role(name) for name in self.sites if name not in self.beside))

    def in_full(self, trial: AllocationTrial, attachments: tuple[ShownFile, ...] = ()) -> ShownTrial:
        """The trial by the rank of every site: whole numbers, so that tables sort."""
        held = dict(trial.allocation.ranks)
        ranks: _Params = {
            name: (held.get(name, 0), IntDistribution(0, max(largest, held.get(name, 0), 1)))
            for name, largest in self.sites.items()
        }
        return _shown(trial, ranks | self._how(trial), attachments)

    def in_short(self, trial: AllocationTrial) -> ShownTrial:
        """The trial by a few numbers, for pages that some hundred ranks would fill.

        ``share of ROLE`` of all its ranks, that of sites beside the space, which baselines alone have, and of
        the upper half of the layers, how many sites are on, the share of the budget that it uses where that
        differs, learning rate and scaling.
        """
        held, share = trial.allocation.ranks, FloatDistribution(0.0, 1.0)
        total = sum(rank for _, rank in held) or 1
        of_role: Counter[str] = Counter()
        for name, rank in held:
            of_role[_BESIDE if name in self.beside else _role(name)] += rank
        upper = sum(rank for name, rank in held if 2 * _layer(name) >= self.layers)
        params: _Params = {f"share of {role}": (of_role[role] / total, share) for role in self.roles}
        if self.beside:
            params[f"share {_BESIDE}"] = of_role[_BESIDE] / total, share
        params["share of upper half"] = upper / total, share
        params["sites on"] = len(held), IntDistribution(0, len(self.sites))
        if self.budgets:
            params["budget used"] = min(1.0, trial.params / self.max_params), share
        return _shown(trial, params | self._how(trial), ())

    def _how(self, trial: AllocationTrial) -> _Params:
        params: _Params = {}
        if trial.learning_rate is not None and self.rates:
            rates = FloatDistribution(min(self.rates), max(self.rates), log=True)
            params["learning rate"] = trial.learning_rate, rates
        if trial.scaling is not None and self.scalings:
            params["scaling"] = trial.scaling, CategoricalDistribution(self.scalings)
        return params


def _shown(trial: AllocationTrial, params: _Params, attachments: tuple[ShownFile, ...]) -> ShownTrial:
    return ShownTrial(
        trial.number,
        {name: value for name, (value, _) in params.items()},
        {name: distribution for name, (_, distribution) in params.items()},
        trial.state,
        trial.reports,
        trial.values,
        {"parameters": trial.params, **trial.attributes},
        trial.note,
        attachments,
    )


def _role(name: str) -> str:
    found = _SITE.fullmatch(name)
    return found[2] if found else name


def _layer(name: str) -> int:
    found = _SITE.fullmatch(name)
    return int(found[1]) if found else 0
