"""The tensors in an adapter's folder: which file holds what, written and read.

* ``adapter_config.json``, ``adapter_model.safetensors``: all wires and the head as PEFT writes them, where
  PEFT gives what was trained;
* ``wires.safetensors``: all wires, where it does not (shortcuts, DeBERTa's q and k, linears that it refuses);
* ``head.safetensors``: the head, where there is one;
* ``README.md``: the model card;
* ``rankscape.json``: everything else (``adapter_record``).

An adapter without wires has neither. Older versions split one with some such wires into both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.errors import InputError
from spaces.head import Head
from spaces.site import Site

from .adapter_record import ADAPTER_RECORD, AdapterRecord
from .model_card import MODEL_CARD
from .peft_files import (
    PEFT_CONFIG,
    PEFT_WEIGHTS,
    Wire,
    checked_wire,
    fits_peft,
    read_peft,
    read_tensors,
)

__all__ = [
    "ADAPTER_FILES",
    "named_tensors",
    "own_wires",
    "read_head",
    "read_wires",
    "write_head",
    "write_wires",
]

_WIRES: Final = "wires.safetensors"
_HEAD: Final = "head.safetensors"
ADAPTER_FILES: Final = frozenset({ADAPTER_RECORD, PEFT_CONFIG, PEFT_WEIGHTS, _WIRES, _HEAD, MODEL_CARD})


def named_tensors(wires: Sequence[Wire]) -> dict[str, Tensor]:
    """A and B by name, ``layers.3.res1.A`` and so on."""
    return {f"{wire.site.name}.{key}": ab for wire in wires for key, ab in (("A", wire.a), ("B", wire.b))}


def write_wires(folder: Path, wires: Sequence[Wire]) -> None:
    """Writes wires as they are, if any."""
    if wires:
        save_file(named_tensors(wires), folder / _WIRES)


def write_head(folder: Path, head: Mapping[str, Tensor]) -> None:
    """head: ``head.classifier.weight`` and so on; nothing is written where it is empty."""
    if head:
        save_file(dict(head), folder / _HEAD)


def own_wires(folder: Path) -> frozenset[str]:
    """The names of the sites whose wires lie here as they are, and not in PEFT's files."""
    file = folder / _WIRES
    names = read_tensors(file) if file.exists() else ()
    return frozenset(name.removesuffix(".A").removesuffix(".B") for name in names)


def read_wires(
    folder: Path, record: AdapterRecord, model: PreTrainedModel, sites: Sequence[Site]
) -> list[Wire]:
    """The wires at these sites, in their order. sites: all that the allocation names, or all linears of it.

    Raises InputError where one is missing, does not fit the model, or is not finite.
    """
    ranks = dict(record.allocation.ranks)
    factors = {site.name: record.scaling.factor(site.kind, ranks[site.name]) for site in sites}
    file = folder / _WIRES
    tensors = read_tensors(file) if file.exists() else {}
    in_peft = record.stock_peft or (folder / PEFT_CONFIG).exists()  # a part, as older versions wrote it
    ours = [site for site in sites if not in_peft or f"{site.name}.A" in tensors or not fits_peft(site)]
    stock = [site for site in sites if site not in ours]
    wires = read_peft(folder, stock, model, ranks=ranks, factors=factors) if stock else []
    for site in ours:
        if missing := [name for name in (f"{site.name}.A", f"{site.name}.B") if name not in tensors]:
            raise InputError(f"{file} has no {missing[0]}; save the adapter again.")
        a, b = tensors[f"{site.name}.A"], tensors[f"{site.name}.B"]
        wires.append(checked_wire(site, factors[site.name], a, b, rank=ranks[site.name]))
    by_name = {wire.site.name: wire for wire in wires}
    return [by_name[site.name] for site in sites]


def read_head(folder: Path, record: AdapterRecord, model: PreTrainedModel) -> dict[str, Tensor]:
    """The head's tensors; raises InputError where they do not fit the model, its labels among it."""
    modules, labels = record.head(model), record.num_labels
    if modules and labels is not None and model.config.num_labels != labels:
        raise InputError(
            f"the adapter was trained for {counted(labels, 'label')} {list(record.label_names)}, this model "
            f"has {model.config.num_labels}; load the base model with num_labels={labels}."
        )
    file = folder / _HEAD
    head = read_tensors(file) if modules or file.exists() else {}
    given = {name: tuple(tensor.shape) for name, tensor in head.items()}
    needed = Head.shapes(modules)
    if wrong := sorted(name for name in {*given, *needed} if given.get(name) != needed.get(name)):
        name = wrong[0]
        raise InputError(
            f"{name} has shape {given.get(name)} in the adapter and {needed.get(name)} in this model's head; "
            "load the adapter onto the model that it was trained on."
        )
    return head
