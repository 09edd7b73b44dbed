"""LoRA wires and the head as a standard PEFT adapter, and the wires back from one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from peft import LoraConfig, TaskType
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from evaluators.base.architectures import ARCHITECTURES
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.foreign_json import fields, object_of, positive, read_json
from spaces.objective import Architecture
from spaces.own_part import add_to_part, part_of
from spaces.site import Site

from .lora_config import anchored

__all__ = [
    "PEFT_CONFIG",
    "PEFT_PREFIX",
    "PEFT_WEIGHTS",
    "PLAIN_DTYPES",
    "Wire",
    "checked_wire",
    "fits_peft",
    "read_peft",
    "read_tensors",
    "remove_peft",
    "write_peft",
]

PEFT_CONFIG: Final = "adapter_config.json"
PEFT_WEIGHTS: Final = "adapter_model.safetensors"
PEFT_PREFIX: Final = "base_model.model."
"""How PEFT names the model that it wraps."""
_AGAIN = "save the adapter again"
_ALPHAS = fields(alpha_pattern=object_of(positive))
PLAIN_DTYPES: Final = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


@dataclass(frozen=True, slots=True, eq=False)
class Wire:
    """One trained wire, y_target += factor * B A x_source.

    a: (r, d_in); b: (d_out, r); float32, on the CPU.
    """

    site: Site
    factor: float
    a: Tensor
    b: Tensor


def fits_peft(site: Site) -> bool:
    """Whether PEFT's LoRA is exactly a wire at this site, and so W + factor * B A too.

    Shortcuts are not, nor are linears of whose several calls only the first is meant.
    """
    return site.kind == "lora" and not site.target.first_call


def write_peft(
    folder: Path,
    wires: Sequence[Wire],
    head: Mapping[str, Tensor],
    *,
    model: PreTrainedModel,
    base: str,
    architecture: Architecture,
) -> None:
    """Writes wires that ``fits_peft``, and the head, so that ``peft.PeftModel.from_pretrained`` loads them.

    head: ``head.classifier.weight`` and so on. architecture: the model's, of which PEFT's task type comes.
    Projections fused into one linear become one adapter, with their A stacked and their B in blocks. Every
    wire's factor is folded into its B, so that lora_alpha / r holds at every module: servers and hot swaps
    read nothing else. alpha_pattern says the same.
    """
    tensors: dict[str, Tensor] = {}
    by_name = {wire.site.name: wire for wire in wires}
    groups = {
        module: [by_name[site.name] for site in sites]
        for module, sites in _by_module([wire.site for wire in wires]).items()
    }
    ranks = {module: sum(len(wire.a) for wire in group) for module, group in groups.items()}
    factor = _common_factor(wires, max(ranks.values()))
    for module, group in groups.items():
        a, b = _fused(group, factor, width=_width(model, module))
        tensors[f"{PEFT_PREFIX}{module}.lora_A.weight"], tensors[f"{PEFT_PREFIX}{module}.lora_B.weight"] = (
            a,
            b,
        )
    kind = ARCHITECTURES[architecture]
    heads = sorted({name.partition(".")[0] for name in kind.head(model)})
    for name in heads:
        for key, value in model.get_submodule(name).state_dict().items():
            trained = head.get(f"head.{name}.{key}", value)
            tensors[f"{PEFT_PREFIX}{name}.{key}"] = trained.detach().cpu().contiguous()
    conv = any(isinstance(model.get_submodule(module), Conv1D) for module in ranks)
    config = _config(ranks, factor, heads, base=base, conv=conv, task_type=kind.task_type)
    (folder / PEFT_CONFIG).write_text(config, encoding="utf-8")
    save_file(tensors, folder / PEFT_WEIGHTS, metadata={"format": "pt"})


def remove_peft(folder: Path) -> None:
    """Takes back what ``write_peft`` wrote."""
    for name in (PEFT_CONFIG, PEFT_WEIGHTS):
        (folder / name).unlink()


def read_peft(
    folder: Path,
    sites: Sequence[Site],
    model: PreTrainedModel,
    *,
    ranks: Mapping[str, int],
    factors: Mapping[str, float],
) -> list[Wire]:
    """The wires at these sites, out of what ``write_peft`` wrote.

    sites: all that the folder's PEFT adapter has. ranks, factors: of each wire, by its site's name.
    Raises InputError where the files are missing or damaged, or belong to a model with other modules or
    shapes.
    """
    alphas = read_json(folder / PEFT_CONFIG, _ALPHAS, remedy=_AGAIN)["alpha_pattern"]
    tensors = read_tensors(folder / PEFT_WEIGHTS)
    wires = []
    for module, group in _by_module(sites).items():
        names = [f"{PEFT_PREFIX}{module}.lora_{matrix}.weight" for matrix in "AB"]
        if missing := [name for name in names if name not in tensors]:
            raise InputError(
                f"{folder / PEFT_WEIGHTS} has no {missing[0]}, where this model has {group[0].name}; "
                "load the adapter onto the model that it was trained on."
            )
        if anchored(module) not in alphas:
            raise InputError(f"{folder / PEFT_CONFIG} has no alpha_pattern for {module}; {_AGAIN}.")
        a, b = (tensors[name] for name in names)
        rank = sum(ranks[site.name] for site in group)
        _check_shapes(group[0].name, (a, b), ((rank, group[0].d_in), (_width(model, module), rank)))
        start = 0
        for site in group:
            stop, factor = start + ranks[site.name], factors[site.name]
            rows_of_b = part_of(b[:, start:stop], site.target, dim=0)
            own_b = _scaled(rows_of_b, alphas[anchored(module)] / rank / factor)
            wires.append(Wire(site, factor, a[start:stop], own_b))
            start = stop
    return wires


def checked_wire(site: Site, factor: float, a: Tensor, b: Tensor, *, rank: int) -> Wire:
    """A wire whose A and B fit its site; raises InputError where they do not."""
    _check_shapes(site.name, (a, b), ((rank, site.d_in), (site.d_out, rank)))
    return Wire(site, factor, a, b)


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The floating-point tensors of a safetensors file, on the CPU; others are as good as missing.

    Raises InputError where the file is missing or damaged, or one of its numbers is NaN or infinite.
    """
    with foreign(f"{file} cannot be read", f"{_AGAIN}."):
        tensors = load_file(file)
    plain = {name: tensor for name, tensor in tensors.items() if tensor.dtype in PLAIN_DTYPES}
    if bad := [name for name, tensor in plain.items() if not bool(tensor.isfinite().all())]:
        raise InputError(f"{file}: {bad[0]!r} holds NaN or infinite numbers; {_AGAIN}.")
    return plain


def _check_shapes(
    name: str, given: tuple[Tensor, Tensor], needed: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    a, b = (tuple(tensor.shape) for tensor in given)
    if (a, b) != needed:
        raise InputError(
            f"{name}: the adapter's A and B have shapes {a} and {b}, this model needs {needed[0]} and "
            f"{needed[1]}; load the adapter onto the model that it was trained on."
        )


def _by_module(sites: Sequence[Site]) -> dict[str, list[Site]]:
    """Sites by the linear that they add to; those of a fused one in the order of its output."""
    groups: dict[str, list[Site]] = {}
    for site in sorted(sites, key=lambda site: site.target.part.start if site.target.part else 0):
        groups.setdefault(site.target.module, []).append(site)
    return groups


def _fused(group: Sequence[Wire], factor: float, *, width: int) -> tuple[Tensor, Tensor]:
    """A (R, d_in) and B (width, R) of one linear's wires, R being the sum of their ranks."""
    a = torch.cat([wire.a for wire in group])
    b, start = a.new_zeros(width, len(a)), 0
    for wire in group:
        stop = start + len(wire.a)
        add_to_part(b[:, start:stop], wire.site.target, _scaled(wire.b, wire.factor / factor), dim=0)
        start = stop
    return a, b


def _width(model: PreTrainedModel, module: str) -> int:
    linear = model.get_submodule(module)
    return int(linear.nf if isinstance(linear, Conv1D) else linear.out_features)  # type: ignore[arg-type]


def _common_factor(wires: Sequence[Wire], r: int) -> float:
    """The factor lora_alpha / r of all modules, r the largest rank; a power of two near the largest wire's.

    Then alpha / rank is this factor to the last bit at any rank, and what is folded into B is exact wherever
    a wire's own factor is a power of two. lora_alpha is whole, as PEFT declares it.
    """
    largest = max(wires, key=lambda wire: len(wire.a))
    factor = 2.0 ** round(math.log2(largest.factor))
    while not (r * factor).is_integer():
        factor *= 2
    return factor


def _scaled(tensor: Tensor, by: float) -> Tensor:
    """The product, rounded once."""
    return (tensor.double() * by).to(tensor.dtype)


def _config(
    ranks: Mapping[str, int],
    factor: float,
    heads: list[str],
    *,
    base: str,
    conv: bool,
    task_type: TaskType,
) -> str:
    r = max(ranks.values())
    alphas = {module: factor * rank for module, rank in ranks.items()}
    config = LoraConfig(
        task_type=task_type,
        base_model_name_or_path=base,
        inference_mode=True,
        r=r,
        lora_alpha=int(r * factor),
        target_modules=list(ranks),
        rank_pattern={anchored(module): rank for module, rank in ranks.items()},
        alpha_pattern={anchored(module): int(a) if a.is_integer() else a for module, a in alphas.items()},
        modules_to_save=heads or None,
        fan_in_fan_out=conv,
    )
    values = config.to_dict()  # type: ignore[no-untyped-call,unused-ignore]
    return json.dumps(values, indent=2, sort_keys=True, default=sorted)  # PEFT keeps sets
