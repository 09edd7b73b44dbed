"""Ways of allocating a budget, each the same at every budget and for every seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from search.allocation.random_allocation import random_allocation
from search.allocation.rounded import rounded
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator

__all__ = ["At", "Evenly", "LikeIt", "Picked", "Randomly", "Way"]


@dataclass(frozen=True, slots=True, eq=False)
class At:
    """A budget to spend. max_params: on sites of the space. picked: a proxy's allocation of it, by name."""

    space: SearchSpace
    max_params: int
    picked: Callable[[str], Allocation]


class Way(Protocol):
    """A frozen dataclass that spends a budget; the same for the same seed, and by most ways for any."""

    @property
    def name(self) -> str: ...

    def plan(self, at: At, seed: int) -> Allocation: ...


@dataclass(frozen=True, slots=True)
class Evenly:
    """One rank at every site of these roles and layers, of all where none is named. Where that is a fraction
    every seed has a draw of its own (``rounded``)."""

    name: str
    roles: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()

    def plan(self, at: At, seed: int) -> Allocation:
        roles, layers = self.roles, self.layers
        own = [
            (not roles or site.role in roles) and (not layers or site.layer in layers)
            for site in at.space.sites
        ]
        price = np.array([site.cost_per_rank for site in at.space.sites])
        ideal = np.where(own, at.max_params / price[own].sum(), 0.0)
        return rounded(at.space, ideal, at.max_params, rng=named_generator(seed, self.name))


@dataclass(frozen=True, slots=True)
class Picked:
    """The greedy pick of a proxy, which goes by its name."""

    name: str

    def plan(self, at: At, seed: int) -> Allocation:
        return at.picked(self.name)


@dataclass(frozen=True, slots=True)
class Randomly:
    """One allocation drawn by chance, whatever the seed; another for another number."""

    number: int

    @property
    def name(self) -> str:
        return f"random {self.number}"

    def plan(self, at: At, seed: int) -> Allocation:
        return random_allocation(at.space, at.max_params, rng=named_generator(self.number, "random"))


@dataclass(frozen=True, slots=True)
class LikeIt:
    """What another way gives each role, or each layer, or both as if they were independent; within these, one
    rank at every site."""

    of: Way
    by: Literal["roles", "layers", "roles x layers"]

    @property
    def name(self) -> str:
        return f"{self.by} of {self.of.name}"

    def plan(self, at: At, seed: int) -> Allocation:
        sites = at.space.sites
        price = np.array([site.cost_per_rank for site in sites], dtype=float)
        spent = at.space.rank_vector(self.of.plan(at, seed)) * price
        roles, layers = np.array([site.role for site in sites]), np.array([site.layer for site in sites])
        rank = np.ones(len(sites))
        for by, groups in (("roles", roles), ("layers", layers)):
            if by in self.by:
                rank *= [spent[groups == one].sum() / price[groups == one].sum() for one in groups]
        ideal = rank * at.max_params / (rank @ price)
        return rounded(at.space, ideal, at.max_params, rng=named_generator(seed, self.name))
