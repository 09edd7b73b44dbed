"""What proxies need of every site's gradient, measured in as few passes over the batches as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.counted import all_counted
from spaces.errors import InputError
from spaces.hooks import Renorm
from spaces.memory_size import written_bytes
from spaces.objective import Batch, Objective
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.site import Site
from spaces.wires import initial_a

from .backward import check_one_stream
from .batch_pass import Taker, batch_pass
from .meter import Meter, once
from .need import SKETCH, Need, Seen, Taken
from .plan import Plan, bytes_of_gradients, gradients_fit, planned
from .sketch import Sketches
from .spectrum_needs import GAINS, NORM, SKETCHED
from .takers import GradientOfB, SecondMoments, WholeGradient

__all__ = ["INITIAL_RANK", "SiteGradients"]

INITIAL_RANK: Final = 8
"""At which proxies at ``init`` look, the papers'."""
_OF_B: Final[frozenset[Taken]] = frozenset({"of_b", "deviations_of_b", "absolute_of_b"})


class SiteGradients:
    """Of one model on one space; a pass runs when it is first needed.

    Needs that are declared are met together; another one has a pass of its own. What fits into the memory is
    held, so that needs of one kind share it; where it does not, sites are measured some at a time, and only
    the numbers that needs make of them are. Norms and spectra are sketched only where no pass forms G.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        objective: Objective,
        batches: Sequence[Batch],
        space: SearchSpace,
        *,
        seed: int,
        scaling: Scaling,
        renorm: Renorm,
        needs: frozenset[Need],
        memory: int,
        on_batch: Callable[[], None],
        meter: Meter,
    ) -> None:
        """Measures nothing yet.

        Args:
            model, objective, batches, space: as ``Evidence`` has them.
            seed, scaling, renorm, needs, on_batch: as well.
            memory: bytes that are held of the sites at a time.
            meter: of whoever asks.
        """
        self.meter = meter
        self._model, self._objective, self._batches, self._space = model, objective, batches, space
        self._seed, self._scaling, self._renorm, self._on_batch = seed, scaling, renorm, on_batch
        self._memory = memory
        self.fits = gradients_fit(space.sites, memory)
        self._known: dict[str, Need] = {}
        for need in needs:
            self._check_name(need)
        self._declared = self._resolved(needs)

    def initial_rank(self, site: Site) -> int:
        """The rank at which proxies at ``init`` look: 8, or the highest that the site can have.

        The same for every grid, so that a study judges the very scores by which a search allocates.
        """
        return min(INITIAL_RANK, site.max_rank)

    def initial_a(self, site: Site, rank: int) -> Tensor:
        """The A that a wire of this rank starts with: (rank, d_in)."""
        return torch.from_numpy(initial_a(site, rank, seed=self._seed)).to(self._model.device)

    def of(self, need: Need) -> np.ndarray:
        """What a need is of every site: (sites,), or (sites, numbers).

        Raises ValueError where another need has its name.
        """
        self._check_name(need)
        return once(self, f"need {need.name}", lambda: self._measured(need))

    @property
    def whole(self) -> dict[str, Tensor]:
        """G of every site: site name -> (d_out, d_in). Raises InputError where they do not fit."""
        sites = self._space.sites
        if not self.fits:
            raise InputError(
                f"the gradients of {all_counted(len(sites), 'site')} at once take "
                f"{written_bytes(bytes_of_gradients(sites))}, and `scoring_memory` is "
                f"{written_bytes(self._memory)}; raise it, or name other proxies with `proxy`."
            )
        plan = self._plan(self._declared)
        if "gradient" not in plan.takes or len(plan.groups) > 1:
            plan = self._plan(frozenset({NORM}))
        return {name: seen.gradient for name, seen in self._held(plan).items()}

    @property
    def norms(self) -> np.ndarray:
        """||G||_F: (sites,)."""
        return self.of(NORM) if self._exact(NORM) else self.of(SKETCHED)[:, 0]

    @property
    def gains(self) -> np.ndarray:
        """Sum of the r largest squared singular values of G, by rank: (sites, ranks); of all there are where
        r is above that."""
        return self.of(GAINS) if self._exact(GAINS) else self.of(SKETCHED)[:, 2:]

    def error_of(self, need: Need, roots: np.ndarray) -> float:
        """How far norms (``NORM``) or roots of gains (``GAINS``) may be off as they are sketched, as a share
        of them, at the site where that share is largest; 0 where they are exact.

        By Mirsky's theorem none is off by more than ||G - Q X||_F (``sketch.py``); what stands for that is
        the root of an unbiased estimate of its mean square.

        Args:
            need: of the two.
            roots: (sites,), the norms or roots of gains, at any rank, of which the share is taken.
        """
        if self._exact(need):
            return 0.0
        errors = self.of(SKETCHED)[:, 1]
        return float(np.divide(errors, roots, out=np.zeros_like(roots), where=roots > 0).max())

    def _check_name(self, need: Need) -> None:
        if self._known.setdefault(need.name, need) != need:
            raise ValueError(f"two needs are called {need.name!r}; give one of them another name.")

    def _exact(self, need: Need) -> bool:
        return need in self._declared or need in self._resolved(frozenset({need}))

    def _resolved(self, needs: frozenset[Need]) -> frozenset[Need]:
        """The same needs; those that can be sketched are, where G does not fit and nothing else forms it."""
        if self.fits or any(need.entrywise for need in needs):
            return needs
        return frozenset(need.sketched or need for need in needs)

    def _measured(self, need: Need) -> np.ndarray:
        together = self._declared if need in self._declared else frozenset({need})
        plan = self._plan(together)
        if len(plan.groups) > 1:
            names = sorted(one.name for one in together)
            return once(self, f"passes {names}", lambda: self._in_groups(together, plan))[need.name]
        held = self._held(plan)
        return np.array([need.of(held[site.name]) for site in self._space.sites])

    def _in_groups(self, needs: frozenset[Need], plan: Plan) -> dict[str, np.ndarray]:
        """All of these needs of every site, by name; nothing else is kept."""
        found: dict[str, list[float | np.ndarray]] = {need.name: [] for need in needs}
        for group in plan.groups:
            seen = self._pass(plan, group)
            for site in group:
                one = seen.pop(site.name)
                for need in needs:
                    found[need.name].append(need.of(one))
        return {name: np.array(values) for name, values in found.items()}

    def _held(self, plan: Plan) -> dict[str, Seen]:
        """What the one pass of a plan takes, by site name."""
        name = f"pass {sorted(plan.takes)} at rank {plan.rank}"
        return once(self, name, lambda: self._pass(plan, self._space.sites))

    def _plan(self, needs: frozenset[Need]) -> Plan:
        name = f"plan {sorted(need.name for need in needs)}"
        space, memory = self._space, self._memory
        return once(self, name, lambda: planned(needs, space, memory, initial_rank=INITIAL_RANK))

    def _pass(self, plan: Plan, sites: Sequence[Site]) -> dict[str, Seen]:
        takers = self._takers(plan, sites)
        batch_pass(
            self._model,
            self._objective,
            sites,
            self._batches,
            takers,
            renorm=self._renorm,
            on_batch=self._on_batch,
        )
        return {site.name: self._seen(site, takers) for site in sites}

    def _seen(self, site: Site, takers: Sequence[Taker]) -> Seen:
        taken = {name: tensor for taker in takers for name, tensor in taker.taken(site).items()}
        count, ranks = len(self._batches), self._space.ranks
        return Seen(site, self._model, count, ranks, self.initial_rank(site), taken)

    def _takers(self, plan: Plan, sites: Sequence[Site]) -> list[Taker]:
        device, takers = self._model.device, list[Taker]()
        if "gradient" in plan.takes:
            takers.append(WholeGradient(sites, device, deviations="deviations" in plan.takes))
        if plan.takes & _OF_B:
            a = {site.name: self.initial_a(site, plan.rank) for site in sites}
            factor, rank = self._scaling.factor, self.initial_rank
            factors = {site.name: factor(site.kind, rank(site)) for site in sites}
            takers.append(GradientOfB(a, factors, sites, takes=plan.takes))
        if plan.takes & SKETCH:
            takers.append(Sketches(sites, plan.vectors, device, seed=self._seed))
        if "second_moments" in plan.takes:
            check_one_stream(self._model, "what a site reads")
            takers.append(SecondMoments(sites, device))
        return takers
