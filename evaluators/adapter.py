"""Saving a trained candidate, loading it back onto a base model, and folding it into one.

An adapter's folder holds

* ``adapter_config.json``, ``adapter_model.safetensors``: LoRA wires and the head, as PEFT writes them;
* ``wires.safetensors``: the wires that PEFT's LoRA cannot express (shortcuts, DeBERTa's q and k);
* ``head.safetensors``: the head;
* ``rankscape.json``: everything else (``adapter_record``).

PEFT's files are left out where there is no wire for them, ``wires.safetensors`` likewise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from spaces.allocation import Allocation
from spaces.base_weight import base_weight
from spaces.counted import counted
from spaces.errors import InputError
from spaces.families import find_family
from spaces.find_sites import find_sites
from spaces.head import Head, head_linears
from spaces.hooks import Attachment
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires

from .adapter_record import RECORD, AdapterRecord, read_record
from .candidate import Candidate, Recipe, Trained, refuse_other_weights
from .peft_adapter import (
    PEFT_CONFIG,
    PEFT_WEIGHTS,
    Wire,
    checked_wire,
    fits_peft,
    read_peft,
    read_tensors,
    write_peft,
)
from .whole_folder import replace_folder

__all__ = ["load_adapter", "merge", "save_adapter"]

_WIRES: Final = "wires.safetensors"
_HEAD: Final = "head.safetensors"
_FILES: Final = frozenset({RECORD, PEFT_CONFIG, PEFT_WEIGHTS, _WIRES, _HEAD})
_PLAIN_DTYPES: Final = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def save_adapter(
    folder: Path,
    trained: Trained,
    *,
    model: PreTrainedModel,
    sites: Sequence[Site],
    recipe: Recipe,
    base: str,
    label_names: tuple[str, ...],
) -> None:
    """Writes an adapter's folder, whole or not at all; an older adapter there is replaced.

    model: the base model, read for the names and shapes of its modules. sites: those of the space, the
    allocation's among them. base: the base model's name or folder, recorded as given. label_names: of
    the class ids; empty for regression. Raises InputError where the candidate failed, where the folder
    cannot be written, and where it holds anything but an adapter.
    """
    if trained.evaluation.failure is not None:
        raise InputError(f"a failed candidate has no adapter to save: {trained.evaluation.failure}.")
    refuse_other_weights(trained)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in trained.tensors.items()}
    by_name = {site.name: site for site in sites}
    wires = []
    for name, rank in trained.allocation.ranks:
        factor = recipe.scaling.factor(by_name[name].kind, rank)
        wires.append(
            checked_wire(by_name[name], factor, tensors[f"{name}.A"], tensors[f"{name}.B"], rank=rank)
        )
    head = {name: tensors[name] for name in Head.shapes(model)}
    record = _record(
        replace(trained.evaluation.candidate, allocation=trained.allocation),
        wires,
        head,
        recipe,
        base,
        label_names,
    )
    replace_folder(folder, lambda new: _write(new, wires, head, record, model), files=_FILES)


def load_adapter(folder: Path, model: PreTrainedModel) -> Attachment:
    """Attaches a saved adapter, wires and head, to its base model; ``detach`` restores the model.

    Raises InputError where the folder is no whole adapter, or one for a model with other sites, shapes
    or labels than this one.
    """
    record = read_record(folder)
    ranks, sites = dict(record.allocation.ranks), _sites_of(model, record.allocation)
    head = _read_head(folder, record, model)
    loaded = _read_wires(folder, record, sites)
    stacked = Stacked({**Wires.shapes(sites, ranks), **Head.shapes(model)}, 1, device=model.device)
    wires, heads = Wires(sites, ranks, stacked), Head(model, stacked)
    wires.load(0, record.allocation, record.scaling, seed=record.seed)
    wires.restore(0, _named(loaded))
    heads.restore(0, head)
    for leaf in stacked.leaf.values():
        leaf.requires_grad_(False)
    with ExitStack() as attachments:
        attachments.enter_context(wires.attach(model, renorm=record.renorm))
        attachments.enter_context(heads.attach())
        return Attachment(attachments.pop_all())


def merge(folder: Path, model: PreTrainedModel) -> PreTrainedModel:
    """The base model with a saved adapter's wires folded into its weights, W += factor * B A, and its head.

    The model is changed in place and returned. Raises InputError, before it is changed, where a wire
    cannot be folded, where a weight is quantized, and wherever ``load_adapter`` does.
    """
    record = read_record(folder)
    sites = _sites_of(model, record.allocation)
    if lasting := [site for site in sites if not fits_peft(site)]:
        raise InputError(f"{_why_not_foldable(lasting)} Use load_adapter, which keeps such wires attached.")
    head = _read_head(folder, record, model)
    wires = _read_wires(folder, record, sites)
    linears = {*head_linears(model), *(site.target.module for site in sites)}
    for name in sorted(linears):
        _check_plain(name, model.get_submodule(name))
    with torch.no_grad():
        for wire in wires:
            weight = base_weight(model, wire.site)
            delta = wire.factor * (wire.b @ wire.a)
            weight.copy_(weight.float() + delta.to(weight.device))
        for name, tensor in head.items():
            model.get_parameter(name.removeprefix("head.")).copy_(tensor)
    if record.label_names:
        model.config.id2label = dict(enumerate(record.label_names))
        model.config.label2id = {name: i for i, name in enumerate(record.label_names)}
    return model


def _record(
    candidate: Candidate,
    wires: Sequence[Wire],
    head: Mapping[str, Tensor],
    recipe: Recipe,
    base: str,
    label_names: tuple[str, ...],
) -> AdapterRecord:
    return AdapterRecord(
        base=base,
        allocation=candidate.allocation,
        scaling=recipe.scaling,
        renorm=recipe.renorm,
        seed=candidate.seed,
        learning_rate=candidate.learning_rate,
        label_names=label_names,
        wire_params=sum(wire.a.numel() + wire.b.numel() for wire in wires),
        head_params=sum(tensor.numel() for tensor in head.values()),
        stock_peft=bool(wires) and all(fits_peft(wire.site) for wire in wires),
    )


def _write(
    folder: Path,
    wires: Sequence[Wire],
    head: Mapping[str, Tensor],
    record: AdapterRecord,
    model: PreTrainedModel,
) -> None:
    if stock := [wire for wire in wires if fits_peft(wire.site)]:
        write_peft(folder, stock, head, model=model, base=record.base)
    if others := [wire for wire in wires if not fits_peft(wire.site)]:
        save_file(_named(others), folder / _WIRES)
    save_file(dict(head), folder / _HEAD)
    (folder / RECORD).write_text(record.to_json(), encoding="utf-8")


def _named(wires: Sequence[Wire]) -> dict[str, Tensor]:
    """A and B by name, ``layers.3.res1.A`` and so on."""
    return {f"{wire.site.name}.{key}": ab for wire in wires for key, ab in (("A", wire.a), ("B", wire.b))}


def _sites_of(model: PreTrainedModel, allocation: Allocation) -> list[Site]:
    """The model's sites that an allocation names, in the order of the network."""
    spans = [int(span) for name, _ in allocation.ranks for span in re.findall(r"\.(?:in|cut)(\d+)$", name)]
    space = "lora[all]"
    if find_family(model.config) is not None:
        space += f"+residual+cross[in,cut;span=1..{max(spans, default=1)}]"
    found = {site.name: site for site in find_sites(model, space)}
    if missing := [name for name, _ in allocation.ranks if name not in found]:
        blocks = 1 + max(site.layer for site in found.values())
        raise InputError(
            f"the adapter has wires at {missing[:3]}, which this {model.config.model_type} model of "
            f"{counted(blocks, 'block')} has not; load the adapter onto the model that it was trained on."
        )
    return [site for site in found.values() if allocation.rank(site.name)]


def _read_wires(folder: Path, record: AdapterRecord, sites: Sequence[Site]) -> list[Wire]:
    ranks = dict(record.allocation.ranks)
    factors = {site.name: record.scaling.factor(site.kind, ranks[site.name]) for site in sites}
    stock = [site for site in sites if fits_peft(site)]
    others = [site for site in sites if not fits_peft(site)]
    wires = read_peft(folder, stock, ranks=ranks, factors=factors) if stock else []
    tensors = read_tensors(folder / _WIRES) if others else {}
    for site in others:
        if missing := [name for name in (f"{site.name}.A", f"{site.name}.B") if name not in tensors]:
            raise InputError(f"{folder / _WIRES} has no {missing[0]}; save the adapter again.")
        a, b = tensors[f"{site.name}.A"], tensors[f"{site.name}.B"]
        wires.append(checked_wire(site, factors[site.name], a, b, rank=ranks[site.name]))
    return wires


def _read_head(folder: Path, record: AdapterRecord, model: PreTrainedModel) -> dict[str, Tensor]:
    labels = max(1, len(record.label_names))  # regression has one output and no names
    if model.config.num_labels != labels:
        raise InputError(
            f"the adapter was trained for {counted(labels, 'label')} {list(record.label_names)}, this "
            "model has "
            f"{model.config.num_labels}; load the base model with num_labels={labels}."
        )
    head = read_tensors(folder / _HEAD)
    given = {name: tuple(tensor.shape) for name, tensor in head.items()}
    needed = Head.shapes(model)
    if wrong := sorted(name for name in {*given, *needed} if given.get(name) != needed.get(name)):
        name = wrong[0]
        raise InputError(
            f"{name} has shape {given.get(name)} in the adapter and {needed.get(name)} in this model's head; "
            "load the adapter onto the model that it was trained on."
        )
    return head


def _why_not_foldable(sites: Sequence[Site]) -> str:
    names = [site.name for site in sites]
    listed = f"{names[:3]}{' and others' if len(names) > 3 else ''}"
    if any(site.kind != "lora" for site in sites):
        return (
            f"{listed} cannot be folded: a shortcut adds to a sum in the network, where no weight is that it "
            "could be folded into."
        )
    return f"{listed} cannot be folded: their linears also project positions, which would change too."


def _check_plain(name: str, linear: nn.Module) -> None:
    """Raises InputError unless a linear's weight is a plain matrix; quantized ones are other types."""
    weight = dict(linear.named_parameters(recurse=False)).get("weight")
    if type(weight) is not nn.Parameter or weight.ndim != 2 or weight.dtype not in _PLAIN_DTYPES:
        raise InputError(
            f"{name} is a {type(linear).__name__} whose weight is quantized, so that nothing can be "
            "folded into it; load the base model without quantization, or keep the adapter attached "
            "(load_adapter)."
        )
