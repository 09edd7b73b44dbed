"""FLOP: base weights factorised, W = B diag(g) A, and pruned rank by rank by hard-concrete gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.data.task import Task
from evaluators.training.candidate import Candidate
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, NeverActedError, Step
from spaces.allocation import Allocation
from spaces.base_weight import base_weight
from spaces.errors import InputError, UsageError
from spaces.objective import Batch, Compute, Objective
from spaces.other_weights import with_weights
from spaces.search_space import SearchSpace
from spaces.site import Site

from .gate_vector import GateVector
from .hard_concrete import HardConcreteGates, Phase

__all__ = ["Flop", "check_linears"]


@dataclass(frozen=True, slots=True)
class Flop:
    r"""The base model's own weights factorised, and pruned rank by rank by hard-concrete gates.

    .. math:: W = B \operatorname{diag}(g) A, \qquad
       A = \sqrt{\Sigma} \, V^\top, \quad B = U \sqrt{\Sigma} \quad \text{of} \quad W = U \Sigma V^\top

    .. math:: \max_{\lambda \ge 0} \min_{A, B, \theta} \; L + \lambda_1 (C - b) + \lambda_2 (C - b)^2

    C is the expected density of the gates and b its target. Each linear becomes such a product, at full rank.
    Its own parameters are above any adapter's budget and are what is reported; max_params is not read. The
    wires stand in place of their linears only while this policy trains: they cannot be saved as an adapter or
    scored again; name the rows to be reported when it trains. Sites that are no linears of their own are
    refused, shortcuts left out.

    Source: FLOP (Structured pruning of large language models), arXiv:1910.04732, section 3. Departures: gates
    are one before ``begin``; after ``end`` they are the deterministic ones, at least 0.1, those likeliest to
    be open within the density, with which A and B train on; the multipliers take plain ascent steps and are
    kept above 0, and lambda2 begins at 300 and hardly ascends; log theta begins at 2 and has its own rate
    (``Phase``, ``HardConcreteGates``).

    Args:
        density: parameters at the end over those of the weights that were replaced.
        begin: share of the steps at which gates begin to learn.
        end: share at which they are fixed.
        gate_rate: how far log theta moves in between by AdamW's steps of one size.
        multiplier_rate: of the multipliers' ascent, summed over the phase.
    """

    max_params: int
    density: float = 0.65
    begin: float = 0.1
    end: float = 0.7
    gate_rate: float = 12.0
    multiplier_rate: float = 100.0

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise UsageError(f"density={self.density} must lie in (0, 1].")
        self.phase()

    def phase(self) -> Phase:
        """When its gates learn, and how fast."""
        return Phase(self.begin, self.end, self.gate_rate, self.multiplier_rate)

    def start(self, space: SearchSpace) -> Allocation:
        """Every linear at full rank; raises InputError on sites that are no linears of their own."""
        return Allocation.of({site.name: site.max_rank for site in _linears(space.sites)})

    def shapes(self, sites: Sequence[Site], ranks: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """What log theta (r,) of every site is made of."""
        return GateVector.shapes(sites, ranks)

    def hooks(self, cohort: Cohort, task: Task) -> GateHooks:
        """Wires for weights, gates that are drawn, the Lagrangian and the cut to the density."""
        own = _Flop(self, cohort)
        return GateHooks(
            start=own.start,
            before=own.before,
            penalty=own.penalty,
            trains=own.trains,
            after=own.gates.after,
            finish=own.finish,
            history=own.gates.went.__getitem__,
            around=own.around,
        )


def check_linears(model: PreTrainedModel, objective: Objective, sites: Sequence[Site]) -> None:
    """Raises InputError on sites that are no nn.Linear of their own, and where there is none."""
    linears = _linears(sites)
    modules = [model.get_submodule(site.target.module) for site in linears]
    _refuse([s for s, module in zip(linears, modules, strict=True) if not isinstance(module, nn.Linear)])


def _linears(sites: Sequence[Site]) -> list[Site]:
    """Those that are no shortcuts; raises InputError as ``check_linears`` does, as far as sites can tell."""
    linears = [site for site in sites if site.kind == "lora"]
    _refuse([site for site in linears if site.target.part is not None or site.source.first_call])
    if not linears:
        raise InputError("flop factorises linears, and the space has none; add lora[...] to it.")
    return linears


def _refuse(sites: Sequence[Site]) -> None:
    if sites:
        roles = ", ".join(dict.fromkeys(site.role for site in sites))
        raise InputError(
            f"flop cannot factorise sites of the roles {roles}: these are not an nn.Linear of their own that "
            "runs once in a forward pass; leave their roles out of the space."
        )


class _Flop:
    """What FLOP does to one cohort."""

    def __init__(self, policy: Flop, cohort: Cohort) -> None:
        self.model, self.stacked, self.wires = cohort.model, cohort.stacked, cohort.wires
        self.vector = GateVector(cohort)
        sites = self.vector.sites
        check_linears(self.model, cohort.objective, sites)
        self.factors = {site.name: _factorised(self.model, site) for site in sites}
        self.budget = round(policy.density * sum(site.d_in * site.d_out for site in sites))
        self.gates = HardConcreteGates(policy.phase(), self.vector, cohort)
        weights = {f"{site.target.module}.weight": base_weight(self.model, site) for site in sites}
        blank = {(w.shape, w.dtype): torch.zeros_like(w) for w in weights.values()}
        self.without = {name: blank[w.shape, w.dtype] for name, w in weights.items()}

    def start(self, slot: int, candidate: Candidate) -> None:
        for name, (a, b) in self.factors.items():
            self.stacked.slot(f"{name}.A", slot).copy_(a)
            self.stacked.slot(f"{name}.B", slot).copy_(b)
        self.gates.start(slot, candidate, self.budget)

    def before(self, steps: Sequence[Step]) -> None:
        self.vector.put(self.gates.now(steps) / self._scale())

    def penalty(self, steps: Sequence[Step], again: Callable[[], Tensor]) -> Tensor | None:
        return self.gates.penalty(steps)

    def trains(self, steps: Sequence[Step]) -> Tensor | None:
        return self.vector.entries(self.gates.alive) if any(self.gates.went.values()) else None

    def finish(self, slot: int) -> None:
        if not self.gates.went[slot]:
            raise NeverActedError("flop: no gate was closed, so nothing was pruned; lower density.")
        self.vector.fix(slot, (self.gates.fixed / self._scale())[slot])

    def around(self, compute: Compute, model: PreTrainedModel, batch: Batch) -> tuple[Tensor, ...]:
        """Asks the model whose linears have their bias and their wires alone."""
        return with_weights(compute, model, batch, self.without)

    def _scale(self) -> Tensor:
        """The scaling rule's factor of every gate, which stands in front of no factorised weight: (C, R)."""
        factors = torch.stack([self.wires.factors[site.name] for site in self.vector.sites], dim=1)
        each = factors[:, torch.from_numpy(self.vector.owner).to(factors.device)]
        return torch.where(each > 0, each, 1.0)


def _factorised(model: PreTrainedModel, site: Site) -> tuple[Tensor, Tensor]:
    """A (r, d_in) and B (d_out, r) of a linear at full rank, with B A = W."""
    u, s, v = torch.linalg.svd(base_weight(model, site).float(), full_matrices=False)
    root = s.sqrt()
    return root[:, None] * v, u * root
