"""What PEFT holds once it has loaded an adapter, against what was trained; exact in any precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from peft.utils import ModulesToSaveWrapper
from torch import Tensor

from spaces.own_part import add_to_part

from .peft_files import Wire

__all__ = ["why_loaded_otherwise"]

_TOLERANCE: Final = 1e-5  # of a delta's norm; one rounding of B to float32 is 1e-7
_ADAPTER: Final = "default"  # what PEFT calls the only one


def why_loaded_otherwise(stock: PeftModel, wires: Sequence[Wire], head: Mapping[str, Tensor]) -> str | None:
    """Where PEFT wraps other linears than the wires' or has another delta or head in one; None where nowhere.

    Every delta is compared as a whole matrix without being built, so a wire counts however little it moves.
    head: ``head.classifier.weight`` and so on, which PEFT holds in the model's own precision.
    """
    modules = dict(stock.get_base_model().named_modules())
    layers = {name: one for name, one in modules.items() if isinstance(one, LoraLayer)}
    wanted: dict[str, list[Wire]] = {}
    for wire in wires:
        wanted.setdefault(wire.site.target.module, []).append(wire)
    if other := sorted(layers.keys() ^ wanted.keys()):
        return f"PEFT {'wraps' if other[0] in layers else 'does not wrap'} {other[0]}"
    for name, group in wanted.items():
        if not _same_delta(layers[name], group):
            return f"PEFT's wire at {name} is not what was trained"
    return _why_other_head({n: m for n, m in modules.items() if isinstance(m, ModulesToSaveWrapper)}, head)


def _why_other_head(copies: Mapping[str, ModulesToSaveWrapper], head: Mapping[str, Tensor]) -> str | None:
    if other := sorted(copies.keys() ^ {name.split(".")[1] for name in head}):
        return f"PEFT {'has a copy' if other[0] in copies else 'has no copy'} of {other[0]}"
    held = {
        f"head.{name}.{key}": tensor
        for name, module in copies.items()
        for key, tensor in module.modules_to_save[_ADAPTER].state_dict().items()
    }
    for name, tensor in head.items():
        if name not in held or not torch.equal(held[name].cpu(), tensor.to(held[name].dtype)):
            return f"PEFT's {name.removeprefix('head.')} is not what was trained"
    return None


def _same_delta(layer: LoraLayer, group: Sequence[Wire]) -> bool:
    """Whether scaling * B A of a module is the sum of its wires' factor * B A, each in its rows of it."""
    a = layer.lora_A[_ADAPTER].get_parameter("weight").detach().cpu().double()
    b = layer.lora_B[_ADAPTER].get_parameter("weight").detach().cpu().double() * layer.scaling[_ADAPTER]
    own_a = torch.cat([wire.a for wire in group]).double()
    own_b, start = b.new_zeros(len(b), len(own_a)), 0
    for wire in group:
        stop = start + len(wire.a)
        add_to_part(own_b[:, start:stop], wire.site.target, wire.factor * wire.b.double(), dim=0)
        start = stop
    apart = _norm(torch.cat([b, -own_b], dim=1), torch.cat([a, own_a]))
    return apart <= _TOLERANCE * _norm(own_b, own_a)  # False of NaN


def _norm(b: Tensor, a: Tensor) -> float:
    """Frobenius norm of B A, from the products of their ranks' size alone."""
    return float(((b.T @ b) * (a @ a.T)).sum().clamp(min=0).sqrt())
