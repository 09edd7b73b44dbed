"""Proving, before anything is scored, that sites carry what the candidates of a cohort train on.

A cohort hands slot c the c-th part of a source's rows. That is right only in a model that keeps the rows of
a batch apart, and first, all the way: XLNet and Longformer carry (tokens, rows, width), DeBERTa's position
projections read no row at all, experts see the tokens that a router sends them. No list of models can be
complete, so the model itself is asked: it is run on a batch, and again with other rows in each of the slots.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from .counted import counted
from .errors import InputError
from .head import Head, rows_of
from .hooks import Renorm, attach
from .objective import Batch, Objective
from .own_part import add_to_part, part_of
from .readable import outputs
from .site import Site
from .slot_changes import Changes, change_of, changes
from .stacked import Stacked

__all__ = ["SLOTS", "probe_sites"]

SLOTS = 3  # of a probe: one before and one behind whichever gets other rows
_NAMED = 6  # sites that a message lists
_log = logging.getLogger(__name__)


def probe_sites(
    model: PreTrainedModel,
    sites: Sequence[Site],
    objective: Objective,
    batch: Batch,
    others: Sequence[Batch],
    *,
    renorm: Renorm = "preserve",
) -> tuple[Site, ...]:
    """Those of the sites that a candidate of a cohort can be trained at, in the order given.

    Left out, with a line in the log, are sites that no pass calls, and those without a path to the model's
    output: what is trained there changes nothing.

    Args:
        model, objective: what is asked, and what its head is.
        sites: to be tried, all at once; renorm: as ``spaces.hooks.attach`` has it.
        batch: SLOTS * n rows, slot by slot.
        others: as many batches as slots, each with other rows in that one slot and else the same.

    Raises InputError where the rows of one slot move a source or a target of another, or do not move their
    own: such a site would be trained on other candidates' rows, or on none. So for the modules of the head.
    Also where rows of a batch move one another's outputs, where two passes over the same batch differ, where
    no gradient reaches the head, where there is one, and where the model cannot be run.

    Costs SLOTS + 2 forward passes and one backward pass of SLOTS * n rows, and the memory of one with all
    sources and targets kept twice.
    """
    modules = objective.head(model)
    stacked = Stacked(Head.shapes(modules), SLOTS, device=model.device)
    head, first = Head.of(model, modules, stacked), _First()
    run = _ProbeRun(model, objective, modules, sites, renorm)
    for slot in range(SLOTS):
        head.load(slot, seed=slot)
    with head.attach():
        answers = run(batch, first)
        reached = first.reached(answers, stacked)
        with torch.no_grad():
            repeated = run(batch, _Compared(first))
            moved = [_Compared(first) for _ in others]
            changed = [run(one, see) for one, see in zip(others, moved, strict=True)]
    said = [one.detach().to(model.dtype) for one in (answers, repeated, *changed)]  # to its own rounding
    _check_model(said[0], said[1], said[2:])
    _check_head(list(stacked.leaf), reached)
    faults = {
        name: why for name, calls in first.calls.items() if (why := _fault(name, calls, moved, len(batch)))
    }
    if faults:
        raise InputError(_refusal(model, sites, faults))
    return _used(sites, first, reached)


class _See(Protocol):
    """Is shown what a site, or a module of the head, reads, (rows, ..., d_in), and what it adds to,
    (rows, ..., d_out). zeros: what is added there; None for the head."""

    def __call__(self, name: str, source: Tensor, target: Tensor, zeros: Tensor | None) -> None: ...


class _First:
    """Keeps what every site read and added to, call by call."""

    def __init__(self) -> None:
        self.calls: dict[str, list[tuple[Tensor, Tensor]]] = {}
        self._zeros: list[tuple[str, Tensor]] = []
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}  # what several sites read is copied once

    def __call__(self, name: str, source: Tensor, target: Tensor, zeros: Tensor | None) -> None:
        self.calls.setdefault(name, []).append((self._copy(source), target.detach().clone()))
        if zeros is not None and zeros.requires_grad:  # not where the model computes without gradients
            self._zeros.append((name, zeros))

    def reached(self, answers: Tensor, stacked: Stacked) -> dict[str, bool]:
        """Of the sites, and of the head's tensors, to which a gradient flows back from a random direction of
        the answers, whether it is anything but zero."""
        direction = torch.randn(answers.shape, generator=torch.Generator().manual_seed(0)).to(answers)
        wanted = [*self._zeros, *stacked.leaf.items()]
        if not answers.requires_grad or not wanted:
            return {}
        found = torch.autograd.grad(
            (answers * direction).sum(), [tensor for _, tensor in wanted], allow_unused=True
        )
        reached: dict[str, bool] = {}
        for (name, _), gradient in zip(wanted, found, strict=True):
            if gradient is not None:
                reached[name] = reached.get(name, False) or bool(gradient.any())
        return reached

    def _copy(self, tensor: Tensor) -> Tensor:
        known, copy = self._kept.get(id(tensor), (None, None))
        if known is not tensor or copy is None:
            copy = tensor.detach().clone()
            self._kept[id(tensor)] = tensor, copy
        return copy


class _Compared:
    """Compares what every site reads and adds to with what a first pass has kept, and keeps none of it.

    calls: of each site, call by call and for both tensors, the changes; None where the shapes differ.
    """

    def __init__(self, first: _First) -> None:
        self._first = first
        self.calls: dict[str, list[tuple[Changes | None, Changes | None]]] = {}

    def __call__(self, name: str, source: Tensor, target: Tensor, zeros: Tensor | None) -> None:
        calls, before = self.calls.setdefault(name, []), self._first.calls.get(name, [])
        if len(calls) < len(before):
            one, other = before[len(calls)]
            calls.append((changes(one, source, slots=SLOTS), changes(other, target, slots=SLOTS)))
        else:
            calls.append((None, None))


@dataclass(frozen=True, slots=True, eq=False)
class _ProbeRun:
    """One pass in which every call of every site and of the head is shown; gives the outputs (rows, k)."""

    model: PreTrainedModel
    objective: Objective
    head: Mapping[str, nn.Module]
    sites: Sequence[Site]
    renorm: Renorm

    def __call__(self, batch: Batch, see: _See) -> Tensor:
        def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
            learn = torch.is_grad_enabled()
            parts = [part_of(target, site.target) for site in sites]
            zeros = [torch.zeros_like(part, requires_grad=learn) for part in parts]
            for site, source, part, own in zip(sites, sources, parts, zeros, strict=True):
                see(site.name, source, part, own)
            return _added(sites, target, zeros)

        with ExitStack() as hooks:
            for name, module in self.head.items():
                hooks.callback(module.register_forward_pre_hook(_shown(name, see), with_kwargs=True).remove)
            hooks.enter_context(attach(self.model, self.sites, visit, renorm=self.renorm))
            return outputs(self.model, self.objective, batch)


def _shown(name: str, see: _See) -> Any:
    def show(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        rows = rows_of(name, args, kwargs)
        see(f"the head's {name}", rows, rows, None)

    return show


def _added(sites: Sequence[Site], target: Tensor, zeros: Sequence[Tensor]) -> Tensor:
    changed = target.clone()
    for site, own in zip(sites, zeros, strict=True):
        add_to_part(changed, site.target, own)
    return changed


def _check_model(first: Tensor, again: Tensor, moved: Sequence[Tensor]) -> None:
    """Raises InputError where outputs are random, or hang on the other rows of the batch."""
    if change_of(first, again) == "more":
        raise InputError(
            "two passes of this model over the same batch differ, so that candidates could not be compared; "
            "choose a model without randomness in its forward pass."
        )
    if any(
        change == "more" and slot != moving
        for moving, answers in enumerate(moved)
        for slot, change in enumerate(changes(first, answers, slots=SLOTS) or ())
    ):
        raise InputError(
            "the rows of a batch change one another's outputs in this model, so that candidates that are "
            "trained together would not be independent; choose another model."
        )


def _check_head(names: Sequence[str], reached: Mapping[str, bool]) -> None:
    """Raises InputError where nothing of a head can learn; names in the log what of it cannot."""
    still = [name.removeprefix("head.") for name in names if name not in reached]
    if names and len(still) == len(names):
        raise InputError(
            f"no gradient of the model's output reaches its head ({_listed(still)}), so that it could not be "
            "trained; choose another model."
        )
    if still:
        _log.warning("no gradient of the model's output reaches the head's %s", _listed(still))


def _fault(
    name: str, first: Sequence[tuple[Tensor, Tensor]], moved: Sequence[_Compared], rows: int
) -> str | None:
    """Why a site's tensors are not the candidates' own rows, slot by slot; None where they are.

    moved: pass by pass, each with the rows of that one slot changed.
    """
    if any(len(one.calls.get(name, ())) != len(first) for one in moved):
        return "how often it is called depends on the rows"
    for call, tensors in enumerate(first):
        for side, what in enumerate(("reads", "adds to")):
            seen = [one.calls[name][call][side] for one in moved]
            if fault := _fault_of(tensors[side], seen, rows, reads=what == "reads"):
                return f"what it {what}, of shape {tuple(tensors[side].shape)}, {fault}"
    return None


def _fault_of(first: Tensor, moved: Sequence[Changes | None], rows: int, *, reads: bool) -> str | None:
    if not first.numel():
        return "holds none of the rows it was tried on"
    known = [slots for slots in moved if slots is not None]
    if first.shape[:-1].numel() % rows or len(known) < len(moved):
        return "is not cut by rows"
    if all(change == "none" for slots in known for change in slots):  # as what depends on places alone
        return "does not depend on the rows" if reads and len(first) != rows else None
    for moving, slots in enumerate(known):
        if slots[moving] == "none" or any(c == "more" for slot, c in enumerate(slots) if slot != moving):
            return "does not begin with the rows of the batch"
    return None


def _refusal(model: PreTrainedModel, sites: Sequence[Site], faults: Mapping[str, str]) -> str:
    at_sites = [site for site in sites if site.name in faults]
    good = sorted({site.role for site in sites if site.kind == "lora"} - {site.role for site in at_sites})
    remedy = "choose another model"
    if good and len(at_sites) == len(faults):  # none of them in the head
        remedy = f"name other roles, as in `space='lora[{','.join(good)}]'`"
    name, why = next(iter(faults.items()))
    what = f"{len(at_sites)} of {counted(len(sites), 'site')}" if at_sites else "the head"
    return (
        f"{what} of this {model.config.model_type} model would mix the rows of candidates that are trained "
        f"together ({_listed(faults)}): {name}: {why}; {remedy}."
    )


def _used(sites: Sequence[Site], first: _First, reached: Mapping[str, bool]) -> tuple[Site, ...]:
    """The sites that a task uses; the log names the others, and those where the gradient is zero for now."""
    unused = {
        site.name: "none of the probe's passes calls it" for site in sites if site.name not in first.calls
    }
    unused |= {
        site.name: "no gradient of the model's output reaches it"
        for site in sites
        if site.name in first.calls and site.name not in reached
    }
    for reason in dict.fromkeys(unused.values()):
        names, all_of = [name for name, why in unused.items() if why == reason], counted(len(sites), "site")
        _log.warning("left out %d of %s (%s): %s", len(names), all_of, _listed(names), reason)
    left = tuple(site for site in sites if site.name not in unused)
    if not left:
        raise InputError(
            f"of {counted(len(sites), 'site')} of this space none is used by the task ({_listed(unused)}: "
            f"{next(iter(unused.values()))}); name other roles in `space`."
        )
    if zero := [site.name for site in left if not reached[site.name]]:  # it may move once other wires do
        all_of = counted(len(sites), "site")
        _log.warning("the gradient is zero at %d of %s (%s)", len(zero), all_of, _listed(zero))
    return left


def _listed(names: Mapping[str, str] | Sequence[str]) -> str:
    first = list(names)[:_NAMED]
    return ", ".join(first) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
