"""Proving, before anything is scored, that sites carry what the candidates of a cohort train on.

A cohort hands slot c the c-th part of a source's rows. That is right only in a model that keeps the rows of
a batch apart, and first, all the way: XLNet and Longformer carry (tokens, rows, width), DeBERTa's position
projections read no row at all, experts see the tokens that a router sends them. No list of models can be
complete, so the model itself is asked: it is run on a batch, and again with other rows in one of the slots.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from transformers import PreTrainedModel

from .counted import counted
from .errors import InputError
from .foreign import foreign
from .head import Head
from .hooks import Renorm, attach
from .site import Site
from .stacked import Stacked

__all__ = ["SLOTS", "embeddable", "probe_sites"]

SLOTS = 3  # of a probe: one before and one behind whichever gets other rows
_Inputs = Mapping[str, Tensor]
_NAMED = 6  # sites that a message lists
_log = logging.getLogger(__name__)


def embeddable(model: PreTrainedModel, inputs: _Inputs) -> None:
    """Runs the model on a batch that holds a task's extremes; raises InputError where it cannot.

    inputs: (rows, tokens) int64 each, as for the model's forward. Every index that is looked up in a table of
    embeddings is checked before it is used, tokens, positions and token types alike: on a GPU such an index
    is an error from which the process cannot recover.
    """
    with torch.no_grad(), _InsideTables(model):
        _logits(model, inputs)


def probe_sites(
    model: PreTrainedModel,
    sites: Sequence[Site],
    inputs: _Inputs,
    others: Sequence[_Inputs],
    *,
    renorm: Renorm = "preserve",
) -> tuple[Site, ...]:
    """Those of the sites that a candidate of a cohort can be trained at, in the order given.

    inputs: (SLOTS * n, tokens) int64 each, slot by slot. others: as many batches as slots, each with other
    rows in that one slot and else the same. Left out, with a line in the log, are sites that no forward pass
    calls, and those without a path to the model's output: what is trained there changes nothing.

    Raises InputError where the rows of one slot move a source or a target of another, or do not move their
    own: such a site would be trained on other candidates' rows, or on none. Also where rows of a batch move
    one another's outputs, where two passes over the same batch differ, and where the model cannot be run.

    Costs SLOTS + 2 forward passes and one backward pass of SLOTS * n rows.
    """
    first = _First(sites)
    with _head(model):
        outputs = _run(model, sites, inputs, renorm, first)
        reached = first.reached(outputs)
        with torch.no_grad():
            repeated = _run(model, sites, inputs, renorm, _Compared(first))
            moved = [_Compared(first) for _ in others]
            changed = [_run(model, sites, one, renorm, see) for one, see in zip(others, moved, strict=True)]
    _check_model(outputs.detach(), repeated, changed)
    rows = len(inputs["input_ids"])
    called = {name: calls for name, calls in first.calls.items() if calls}
    faults = {name: fault for name, calls in called.items() if (fault := _fault(name, calls, moved, rows))}
    if faults:
        raise InputError(_refusal(model, sites, faults))
    if zero := [name for name, moves in reached.items() if not moves]:  # it may move once other wires do
        _log.warning(
            "the gradient is zero at %d of %s (%s)", len(zero), counted(len(sites), "site"), _listed(zero)
        )
    unused = {site.name: "no forward pass of this task calls it" for site in sites if site.name not in called}
    unused |= {name: "no gradient of the model's output reaches it" for name in called if name not in reached}
    return _without(sites, unused)


class _See(Protocol):
    """Is shown what a site reads, (rows, ..., d_in), what it adds to, (rows, ..., d_out), and zeros that were
    added there."""

    def __call__(self, site: Site, source: Tensor, target: Tensor, zeros: Tensor) -> None: ...


class _First:
    """Keeps what every site read and added to, call by call."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.calls: dict[str, list[tuple[Tensor, Tensor]]] = {site.name: [] for site in sites}
        self._zeros: list[tuple[Site, Tensor]] = []

    def __call__(self, site: Site, source: Tensor, target: Tensor, zeros: Tensor) -> None:
        self.calls[site.name].append((source.detach().clone(), target.detach().clone()))
        if zeros.requires_grad:  # not where the model itself computes without gradients
            self._zeros.append((site, zeros))

    def reached(self, outputs: Tensor) -> dict[str, bool]:
        """Of the sites to which a gradient flows back from a random direction of the outputs, whether it is
        anything but zero."""
        direction = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(0)).to(outputs)
        distinct = {id(zeros): zeros for _, zeros in self._zeros}  # sites may share a target
        if not distinct or not outputs.requires_grad:
            return {}
        found = torch.autograd.grad((outputs * direction).sum(), list(distinct.values()), allow_unused=True)
        gradients = dict(zip(distinct, found, strict=True))
        reached: dict[str, bool] = {}
        for site, zeros in self._zeros:
            if (gradient := gradients[id(zeros)]) is not None:
                reached[site.name] = reached.get(site.name, False) or bool(_part(site, gradient).any())
        return reached


class _Compared:
    """Compares what every site reads and adds to with what a first pass has kept, and keeps none of it.

    calls: of each site, call by call and for both tensors, of each slot whether its part differs; None where
    the shapes differ.
    """

    def __init__(self, first: _First) -> None:
        self._first = first
        self.calls: dict[str, list[tuple[list[bool] | None, list[bool] | None]]] = {
            n: [] for n in first.calls
        }

    def __call__(self, site: Site, source: Tensor, target: Tensor, zeros: Tensor) -> None:
        calls, before = self.calls[site.name], self._first.calls[site.name]
        if len(calls) < len(before):
            one, other = before[len(calls)]
            calls.append((_changed(one, source), _changed(other, target)))
        else:
            calls.append((None, None))


def _run(model: PreTrainedModel, sites: Sequence[Site], inputs: _Inputs, renorm: Renorm, see: _See) -> Tensor:
    """Logits (rows, labels) of one pass in which every call of every site is shown."""

    def visit(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        zeros = torch.zeros_like(target, requires_grad=torch.is_grad_enabled())
        for site, source in zip(sites, sources, strict=True):
            see(site, source, _part(site, target), zeros)
        return target + zeros

    with attach(model, sites, visit, renorm=renorm):
        return _logits(model, inputs)


def _part(site: Site, target: Tensor) -> Tensor:
    """What a site means of a target that it may share with others."""
    return target if site.target.part is None else target[..., slice(*site.target.part)]


def _check_model(first: Tensor, again: Tensor, moved: Sequence[Tensor]) -> None:
    """Raises InputError where outputs are random, or hang on the other rows of the batch."""
    if not _same(first, again):
        raise InputError(
            "two passes of this model over the same batch differ, so that candidates could not be compared; "
            "choose a model without randomness in its forward pass."
        )
    if any(
        changed and slot != moving
        for moving, logits in enumerate(moved)
        for slot, changed in enumerate(_changed(first, logits) or ())
    ):
        raise InputError(
            "the rows of a batch change one another's outputs in this model, so that candidates that are "
            "trained together would not be independent; choose another model."
        )


def _fault(
    name: str, first: Sequence[tuple[Tensor, Tensor]], moved: Sequence[_Compared], rows: int
) -> str | None:
    """Why a site's tensors are not the candidates' own rows, slot by slot; None where they are.

    moved: pass by pass, each with the rows of that one slot changed.
    """
    if any(len(one.calls[name]) != len(first) for one in moved):
        return "how often it is called depends on the rows"
    own = [[slot == moving for slot in range(SLOTS)] for moving in range(SLOTS)]
    for call, tensors in enumerate(first):
        for side, what in enumerate(("reads", "adds to")):
            shape = tensors[side].shape
            changed = [one.calls[name][call][side] for one in moved]
            whole = f"what it {what}, of shape {tuple(shape)},"
            if shape[:-1].numel() % rows or None in changed:
                return f"{whole} is not cut by rows"
            if not any(any(slots or ()) for slots in changed):
                if what == "reads":
                    return f"{whole} does not depend on the rows"
            elif changed != own:  # that a linear of zeros adds to the same whatever the rows is no fault
                return f"{whole} does not begin with the rows of the batch"
    return None


def _changed(one: Tensor, other: Tensor) -> list[bool] | None:
    """Of each slot's part, whether it differs; None where the shapes do, or where there are no such parts."""
    if one.shape != other.shape or one.shape[:-1].numel() % SLOTS:
        return None
    return [not _same(a, b) for a, b in zip(one.reshape(SLOTS, -1), other.reshape(SLOTS, -1), strict=True)]


def _same(a: Tensor, b: Tensor) -> bool:
    """Equal but for rounding, to which the kernels' order of summation may move equal rows."""
    if a.shape != b.shape or torch.equal(a, b):
        return a.shape == b.shape
    bound = 16 * torch.finfo(a.dtype).eps * float(a.abs().max())
    return bool(((a - b).abs() <= bound).all())


def _refusal(model: PreTrainedModel, sites: Sequence[Site], faults: Mapping[str, str]) -> str:
    bad = {site.role for site in sites if site.name in faults}
    good = sorted({site.role for site in sites if site.kind == "lora"} - bad)
    remedy = f"name other roles, as in --space 'lora[{','.join(good)}]'" if good else "choose another model"
    name, why = next(iter(faults.items()))
    return (
        f"{len(faults)} of {counted(len(sites), 'site')} of this {model.config.model_type} model would mix "
        f"the rows of candidates that are trained together ({_listed(faults)}): {name}: {why}; {remedy}."
    )


def _without(sites: Sequence[Site], unused: Mapping[str, str]) -> tuple[Site, ...]:
    for reason in dict.fromkeys(unused.values()):
        names = [name for name, why in unused.items() if why == reason]
        _log.warning(
            "left out %d of %s (%s): %s", len(names), counted(len(sites), "site"), _listed(names), reason
        )
    left = tuple(site for site in sites if site.name not in unused)
    if not left:
        raise InputError(
            f"of {counted(len(sites), 'site')} of this space none is used by the task ({_listed(unused)}: "
            f"{next(iter(unused.values()))}); name other roles with --space."
        )
    return left


def _listed(names: Mapping[str, str] | Sequence[str]) -> str:
    first = list(names)[:_NAMED]
    return ", ".join(first) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


@contextmanager
def _head(model: PreTrainedModel) -> Iterator[None]:
    """A head of its own for each slot, as in training."""
    stacked = Stacked(Head.shapes(model), SLOTS, device=model.device)
    head = Head(model, stacked)
    for slot in range(SLOTS):
        head.load(slot, seed=slot)
    with head.attach():
        yield


def _logits(model: PreTrainedModel, inputs: _Inputs) -> Tensor:
    """(rows, labels), float32; raises InputError where the model's own code fails on these inputs."""
    rows, tokens = inputs["input_ids"].shape
    model_type = model.config.model_type
    with foreign(
        f"this {model_type} model cannot be run on {counted(rows, 'row')} of {counted(tokens, 'token')}",
        "choose another model, or a smaller --max-length",
    ):
        logits: Tensor = model(**inputs).logits
    labels = int(model.config.num_labels or 0)
    expected = (rows, labels)
    if not isinstance(logits, Tensor) or tuple(logits.shape) != expected:
        given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise InputError(
            f"this {model_type} model gives outputs {given} for {counted(rows, 'row')} and "
            f"{counted(labels, 'label')}, not {expected}; choose another model."
        )
    return logits.float()


class _InsideTables(TorchFunctionMode):
    """Refuses indices outside the table of embeddings that they are looked up in, by the table's name."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self._names = {id(parameter): name for name, parameter in model.named_parameters()}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.nn.functional.embedding:
            indices, table = args[:2]
            self._check(indices, len(table), self._names.get(id(table), "a table").removesuffix(".weight"))
        elif func in (torch.gather, Tensor.gather):  # RoBERTa's types by position
            given = {**dict(zip(("input", "dim", "index"), args, strict=False)), **(kwargs or {})}
            self._check(given["index"], given["input"].shape[given["dim"]], "a table of the model")
        return func(*args, **(kwargs or {}))

    def _check(self, indices: Tensor, places: int, name: str) -> None:
        low, high = int(indices.min()), int(indices.max())
        if not 0 <= low <= high < places:
            raise InputError(
                f"{name} has {counted(places, 'place')}, and the task's rows ask for number "
                f"{low if low < 0 else high} (from 0)."
            )
