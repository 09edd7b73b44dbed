"""What PEFT's files of an adapter hold, as a value that can be laid out in another way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from peft import LoraConfig
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from evaluators.adapters.formats.chosen import chosen
from evaluators.adapters.lora_config import anchored
from evaluators.adapters.peft_files import PEFT_CONFIG, PEFT_PREFIX, PEFT_WEIGHTS, read_tensors
from evaluators.adapters.peft_params import peft_params
from spaces.errors import InputError
from spaces.foreign import foreign

__all__ = ["PeftAdapter", "Wired", "read_peft_adapter"]

_A, _B = ".lora_A.weight", ".lora_B.weight"
_AGAIN: Final = "save the adapter again."


@dataclass(frozen=True, slots=True, eq=False)
class Wired:
    """The adapter of one linear, W += factor * B A. a: (r, d_in); b: (d_out, r)."""

    a: Tensor
    b: Tensor
    factor: float


@dataclass(frozen=True, slots=True, eq=False)
class PeftAdapter:
    """An adapter of LoRA and a head.

    config: as ``LoraConfig`` takes it. wired: by the linear's full name in the model. head: the tensors of
    the modules that ``modules_to_save`` names, by their names in PEFT's file. linears: (d_out, d_in) of
    every linear of the base model, by name.
    """

    config: LoraConfig
    wired: Mapping[str, Wired]
    head: Mapping[str, Tensor]
    linears: Mapping[str, tuple[int, int]]

    @property
    def params(self) -> int:
        """Numbers in all A and B."""
        return sum(one.a.numel() + one.b.numel() for one in self.wired.values())

    def write(self, folder: Path) -> None:
        """Writes both of PEFT's files."""
        values = self.config.to_dict()  # type: ignore[no-untyped-call,unused-ignore]
        text = json.dumps(values, indent=2, sort_keys=True, default=sorted)  # PEFT keeps sets
        (folder / PEFT_CONFIG).write_text(text, encoding="utf-8")
        tensors = dict(self.head)
        for name, one in self.wired.items():
            tensors[f"{PEFT_PREFIX}{name}{_A}"] = one.a.contiguous()
            tensors[f"{PEFT_PREFIX}{name}{_B}"] = one.b.contiguous()
        save_file(tensors, folder / PEFT_WEIGHTS, metadata={"format": "pt"})

    def check(self, model: PreTrainedModel) -> None:
        """Raises InputError unless PEFT gives this model these adapters and no others.

        PEFT is asked, without weights: it takes names for patterns, and in some mixtures of experts for other
        modules (peft issue 3711).
        """
        made = peft_params(model, self.config, remedy="export it as `format=merged`.")
        ours = {name: one.a.numel() + one.b.numel() for name, one in self.wired.items()}
        if other := sorted(name for name in made.keys() | ours.keys() if made.get(name) != ours.get(name)):
            raise InputError(
                f"PEFT would give {other[0]} another adapter than this one has; export it as `format=merged`."
            )


def read_peft_adapter(folder: Path, model: PreTrainedModel, *, base: str) -> PeftAdapter:
    """What PEFT's files in a folder hold.

    model: the base model, of which the shapes will do. base: where it is, as the config shall say.
    Raises InputError where the files are missing or damaged, or of a base model of other shapes.
    """
    with foreign(f"{folder / PEFT_CONFIG} cannot be read", _AGAIN):
        config = LoraConfig(**chosen(LoraConfig.from_pretrained(str(folder))))
        config.base_model_name_or_path = base
    tensors = read_tensors(folder / PEFT_WEIGHTS)
    names = [name.removesuffix(_A) for name in tensors if name.endswith(_A)]
    if missing := [name for name in names if f"{name}{_B}" not in tensors]:
        raise InputError(f"{folder / PEFT_WEIGHTS} has no {missing[0]}{_B}; {_AGAIN}")
    wired, linears = {}, _linears(model)
    for name in names:
        a, b = tensors.pop(f"{name}{_A}"), tensors.pop(f"{name}{_B}")
        module, shape = name.removeprefix(PEFT_PREFIX), (len(b), *a.shape[1:])
        if (own := linears.get(module, shape)) != shape:
            raise InputError(
                f"the adapter has a wire of shape {shape} for {module}, which has {own} in this base model; "
                "give the one that it was trained on with `model`."
            )
        alpha = (config.alpha_pattern or {}).get(anchored(module), config.lora_alpha)
        wired[module] = Wired(a, b, alpha / len(a))
    return PeftAdapter(config, wired, tensors, linears)


def _linears(model: PreTrainedModel) -> dict[str, tuple[int, int]]:
    found = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            found[name] = (module.out_features, module.in_features)
        elif isinstance(module, Conv1D):
            found[name] = (int(module.nf), int(module.nx))
    return found
