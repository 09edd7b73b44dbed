"""What an adapter's rankscape.json says: everything about it that is not a tensor."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from torch import nn
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.foreign_json import (
    anything,
    boolean,
    fields,
    list_of,
    number,
    object_of,
    one_of,
    optional,
    positive,
    read_json,
    text,
    whole_number,
)
from spaces.grammar import SHORTCUT_ROLES
from spaces.hooks import Renorm
from spaces.objective import Architecture
from spaces.printable import printable
from spaces.scaling import SCALING_RULES, Scaling

from .story import STORY, Story

__all__ = ["ADAPTER_FORMAT_VERSION", "ADAPTER_RECORD", "AdapterRecord", "read_adapter_record"]

ADAPTER_RECORD: Final = "rankscape.json"
ADAPTER_FORMAT_VERSION: Final = 1
_MOST: Final = 2**63 - 1  # of whatever is counted
_SHOWN: Final = 30  # names of adapters
_AGAIN: Final = "save the adapter again"
_ROLES: Final = "|".join(role for roles in SHORTCUT_ROLES.values() for role in roles)
_SHORTCUT: Final = re.compile(rf"layers\.[0-9]+\.(?:{_ROLES})[0-9]*")  # as ``find_sites`` names them


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """How an adapter was made.

    base: name or folder of the base model, as given. architecture: the class of it that was trained.
    label_names: of the class ids 0, 1, ...; empty where labels are no classes. wire_params, head_params:
    trained parameters. stock_peft: whether the PEFT files alone are the whole adapter, so that ``peft`` loads
    it without this project; found out by loading them. pad_token_id: with which the rows were padded; a
    decoder's head looks for it. None where none was set. base_digest: of the base weights (``base_digest``);
    None where it is not known. base_bits: 4 or 8, to which these were packed; None where they were not.
    story: how it came about; None where nobody told. linears_stock: whether PEFT was seen to give the wires
    at linears without the shortcuts beside them; None where that was not tried, or an older version saved it.
    """

    base: str
    allocation: Allocation
    scaling: Scaling
    renorm: Renorm
    seed: int
    learning_rate: float
    label_names: tuple[str, ...]
    wire_params: int
    head_params: int
    stock_peft: bool
    pad_token_id: int | None
    base_digest: str | None
    architecture: Architecture = "sequence_classification"
    story: Story | None = None
    base_bits: int | None = None
    linears_stock: bool | None = None

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """The names of its sites that are shortcuts, which only ``load_adapter`` can have."""
        return tuple(name for name, _ in self.allocation.ranks if _SHORTCUT.fullmatch(name))

    @property
    def num_labels(self) -> int | None:
        """How many outputs it was trained for, one of regression; None of a language model."""
        return max(1, len(self.label_names)) if ARCHITECTURES[self.architecture].fresh_head else None

    def head(self, model: PreTrainedModel) -> Mapping[str, nn.Module]:
        """The modules of this model that were trained beside the wires, by full name."""
        return ARCHITECTURES[self.architecture].head(model)

    def to_json(self) -> str:
        """A JSON object that ``read_adapter_record`` reads; ASCII, whatever characters the names have."""
        return json.dumps(
            {
                "format_version": ADAPTER_FORMAT_VERSION,
                "base": self.base,
                "architecture": self.architecture,
                "allocation": dict(self.allocation.ranks),
                "scaling": asdict(self.scaling),
                "renorm": self.renorm,
                "seed": self.seed,
                "learning_rate": self.learning_rate,
                "label_names": list(self.label_names),
                "params": {"wires": self.wire_params, "head": self.head_params},
                "stock_peft": self.stock_peft,
                "linears_stock": self.linears_stock,
                "pad_token_id": self.pad_token_id,
                "base_digest": self.base_digest,
                "base_bits": self.base_bits,
                "story": None if self.story is None else asdict(self.story),
            },
            indent=2,
        )


def read_adapter_record(folder: Path) -> AdapterRecord:
    """The record of an adapter's folder; raises InputError where there is none that this version reads."""
    file = folder / ADAPTER_RECORD
    if not file.is_file():
        why = f"has no {ADAPTER_RECORD}, so it is no adapter" if folder.is_dir() else "is no folder"
        raise InputError(f"{folder} {why}; {_which_there_are(folder)}.")
    version = read_json(file, fields(format_version=anything), remedy=_AGAIN)["format_version"]
    if version != ADAPTER_FORMAT_VERSION:
        raise InputError(
            f"{file} has format_version={reprlib.repr(version)}, this version of rankscape reads "
            f"{ADAPTER_FORMAT_VERSION}; install the version that wrote it, or save the adapter again."
        )
    data = read_json(file, _SHAPE, remedy=_AGAIN)
    params = data.pop("params")
    data["architecture"] = data["architecture"] or "sequence_classification"
    return AdapterRecord(**data, wire_params=params["wires"], head_params=params["head"])


def _which_there_are(folder: Path) -> str:
    """What to name instead: the adapters in a folder or, as the points of a front, beside one that is not
    there."""
    around = folder if folder.is_dir() else folder.parent
    names = [one.parent.name for one in around.glob(f"*/{ADAPTER_RECORD}")]
    if not names:
        return "name a folder that was saved as one"
    in_order = sorted(names, key=lambda name: (int(name) if name.isdecimal() else -1, name))
    more = f" and {counted(len(names) - _SHOWN, 'other')}" if len(names) > _SHOWN else ""
    return f"in {around} there are {', '.join(map(printable, in_order[:_SHOWN]))}{more}: name one of them"


def _allocation(value: object, where: str) -> Allocation:
    return Allocation.of(object_of(whole_number(0, _MOST))(value, where))


def _scaling(value: object, where: str) -> Scaling:
    factors = fields(
        rule=one_of(*SCALING_RULES),
        lora_alpha=positive,
        shortcut_alpha=positive,
        reference_rank=whole_number(1, _MOST),
    )
    return Scaling(**factors(value, where))


_SHAPE: Final = fields(
    base=text,
    architecture=optional(one_of(*ARCHITECTURES)),  # missing in what older versions wrote
    allocation=_allocation,
    scaling=_scaling,
    renorm=one_of("preserve", "paper"),
    seed=whole_number(0, _MOST),
    learning_rate=number,
    label_names=list_of(text),
    params=fields(wires=whole_number(0, _MOST), head=whole_number(0, _MOST)),
    stock_peft=boolean,
    pad_token_id=optional(whole_number(-_MOST, _MOST)),  # this and all that follow as well
    base_digest=optional(text),
    base_bits=optional(whole_number(4, 8)),
    linears_stock=optional(boolean),
    story=optional(STORY),
)
