"""LoRA wires and the head as a standard PEFT adapter, and the wires back from one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, TaskType
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from spaces.errors import InputError
from spaces.head import head_modules
from spaces.site import Site

__all__ = [
    "PEFT_CONFIG",
    "PEFT_WEIGHTS",
    "Wire",
    "checked_wire",
    "fits_peft",
    "read_peft",
    "read_tensors",
    "write_peft",
]

PEFT_CONFIG: Final = "adapter_config.json"
PEFT_WEIGHTS: Final = "adapter_model.safetensors"
_PREFIX = "base_model.model."  # how PEFT names the model that it wraps
_AGAIN = "save the adapter again"


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
    folder: Path, wires: Sequence[Wire], head: Mapping[str, Tensor], *, model: PreTrainedModel, base: str
) -> None:
    """Writes wires that ``fits_peft``, and the head, so that ``peft.PeftModel.from_pretrained`` loads them.

    head: ``head.classifier.weight`` and so on. Projections fused into one linear become one adapter, with
    their A stacked and their B in blocks; where their factors differ, those are folded into B.
    """
    tensors: dict[str, Tensor] = {}
    factors: dict[str, float] = {}
    ranks: dict[str, int] = {}
    by_name = {wire.site.name: wire for wire in wires}
    for module, sites in _by_module([wire.site for wire in wires]).items():
        group = [by_name[site.name] for site in sites]
        factors[module] = group[0].factor if len({wire.factor for wire in group}) == 1 else 1.0
        a, b = _fused(group, factors[module], width=_width(model, module))
        ranks[module] = len(a)
        tensors[f"{_PREFIX}{module}.lora_A.weight"], tensors[f"{_PREFIX}{module}.lora_B.weight"] = a, b
    heads = sorted({name.partition(".")[0] for name in head_modules(model)})
    for name in heads:
        for key, value in model.get_submodule(name).state_dict().items():
            trained = head.get(f"head.{name}.{key}", value)
            tensors[f"{_PREFIX}{name}.{key}"] = trained.detach().cpu().contiguous()
    conv = any(isinstance(model.get_submodule(module), Conv1D) for module in ranks)
    config = _config(ranks, factors, heads, base=base, conv=conv)
    (folder / PEFT_CONFIG).write_text(config, encoding="utf-8")
    save_file(tensors, folder / PEFT_WEIGHTS, metadata={"format": "pt"})


def read_peft(
    folder: Path, sites: Sequence[Site], *, ranks: Mapping[str, int], factors: Mapping[str, float]
) -> list[Wire]:
    """The wires at these sites, out of what ``write_peft`` wrote.

    sites: all that the folder's PEFT adapter has. ranks, factors: of each wire, by its site's name.
    Raises InputError where the files are missing or damaged, or belong to a model with other modules or
    shapes.
    """
    alphas, tensors = _alphas(folder / PEFT_CONFIG), read_tensors(folder / PEFT_WEIGHTS)
    wires = []
    for module, group in _by_module(sites).items():
        names = [f"{_PREFIX}{module}.lora_{matrix}.weight" for matrix in "AB"]
        if missing := [name for name in names if name not in tensors]:
            raise InputError(
                f"{folder / PEFT_WEIGHTS} has no {missing[0]}, where this model has {group[0].name}; "
                "load the adapter onto the model that it was trained on."
            )
        if _pattern(module) not in alphas:
            raise InputError(f"{folder / PEFT_CONFIG} has no alpha_pattern for {module}; {_AGAIN}.")
        a, b = (tensors[name] for name in names)
        peft_factor, start = alphas[_pattern(module)] / len(a), 0
        for site in group:
            stop, factor = start + ranks[site.name], factors[site.name]
            own_b = b[_part(site), start:stop] * (peft_factor / factor)
            wires.append(checked_wire(site, factor, a[start:stop], own_b, rank=stop - start))
            start = stop
    return wires


def checked_wire(site: Site, factor: float, a: Tensor, b: Tensor, *, rank: int) -> Wire:
    """A wire whose A and B fit its site; raises InputError where they do not."""
    given, needed = (tuple(a.shape), tuple(b.shape)), ((rank, site.d_in), (site.d_out, rank))
    if given != needed:
        raise InputError(
            f"{site.name}: the adapter's A and B have shapes {given[0]} and {given[1]}, this model "
            f"needs {needed[0]} and {needed[1]}; load the adapter onto the model that it was trained on."
        )
    return Wire(site, factor, a, b)


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU; raises InputError where it is missing or damaged."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} cannot be read ({error}); {_AGAIN}.") from None


def _by_module(sites: Sequence[Site]) -> dict[str, list[Site]]:
    """Sites by the linear that they add to; those of a fused one in the order of its output."""
    groups: dict[str, list[Site]] = {}
    for site in sorted(sites, key=lambda site: site.target.part or (0, 0)):
        groups.setdefault(site.target.module, []).append(site)
    return groups


def _part(site: Site) -> slice:
    """The rows of B that a site means, of a linear that may be fused."""
    return slice(*(site.target.part or (None, None)))


def _fused(group: Sequence[Wire], factor: float, *, width: int) -> tuple[Tensor, Tensor]:
    """A (R, d_in) and B (width, R) of one linear's wires, R being the sum of their ranks."""
    a = torch.cat([wire.a for wire in group])
    b, start = a.new_zeros(width, len(a)), 0
    for wire in group:
        stop = start + len(wire.a)
        b[_part(wire.site), start:stop] = wire.b * (wire.factor / factor)
        start = stop
    return a, b


def _width(model: PreTrainedModel, module: str) -> int:
    linear = model.get_submodule(module)
    return int(linear.nf if isinstance(linear, Conv1D) else linear.out_features)  # type: ignore[arg-type]


def _pattern(module: str) -> str:
    """A key of rank_pattern: PEFT takes keys for regular expressions that any suffix may match."""
    return f"^{re.escape(module)}"


def _alpha(factor: float, rank: int) -> float:
    """The alpha of which PEFT makes this factor, alpha / rank; whole where that is exact."""
    alpha = factor * rank
    return round(alpha) if round(alpha) / rank == factor else alpha


def _config(
    ranks: Mapping[str, int], factors: Mapping[str, float], heads: list[str], *, base: str, conv: bool
) -> str:
    largest = max(ranks, key=lambda module: ranks[module])
    alphas = {module: _alpha(factors[module], rank) for module, rank in ranks.items()}
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        base_model_name_or_path=base,
        inference_mode=True,
        r=ranks[largest],
        lora_alpha=alphas[largest],  # type: ignore[arg-type] # PEFT only divides it by r
        target_modules=list(ranks),
        rank_pattern={_pattern(module): rank for module, rank in ranks.items()},
        alpha_pattern={_pattern(module): alpha for module, alpha in alphas.items()},
        modules_to_save=heads,
        fan_in_fan_out=conv,
    )
    fields = config.to_dict()  # type: ignore[no-untyped-call,unused-ignore]
    return json.dumps(fields, indent=2, sort_keys=True, default=sorted)  # PEFT keeps sets


def _alphas(file: Path) -> dict[str, float]:
    try:
        config: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return {str(pattern): float(alpha) for pattern, alpha in config["alpha_pattern"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{file} cannot be read ({reason}); {_AGAIN}.") from None
