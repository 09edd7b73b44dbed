"""Whether what an adapter adds can be folded into a model's own weights."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from torch import nn
from transformers import PreTrainedModel

from spaces.errors import InputError
from spaces.site import Site

from .peft_files import PLAIN_DTYPES, fits_peft

__all__ = ["check_foldable"]


def check_foldable(model: PreTrainedModel, sites: Sequence[Site], head: Collection[str]) -> None:
    """Raises InputError where a wire has no weight of its own to be folded into, or one that is quantized.

    head: ``head.classifier.weight`` and so on.
    """
    if lasting := [site for site in sites if not fits_peft(site)]:
        raise InputError(f"{_why_not_foldable(lasting)} Use load_adapter, which keeps such wires attached.")
    for name in sorted({f"{site.target.module}.weight" for site in sites}):
        _check_plain(model, name)
        _check_own(model, name)
    for name in sorted(head):
        _check_plain(model, name.removeprefix("head."))


def _check_own(model: PreTrainedModel, name: str) -> None:
    """Raises InputError where another module computes with the same weight, as Zamba's blocks do."""
    weight = model.get_parameter(name)
    owners = [
        owner
        for owner, module in model.named_modules()
        if any(tensor is weight for tensor in module.parameters(recurse=False))
    ]
    if len(owners) > 1:
        raise InputError(
            f"{name} is the weight of {owners[:3]} alike, so that what is folded into it for one would "
            "change the others. Use load_adapter, which keeps such wires attached."
        )


def _why_not_foldable(sites: Sequence[Site]) -> str:
    names = [site.name for site in sites]
    listed = f"{names[:3]}{' and others' if len(names) > 3 else ''}"
    if any(site.kind != "lora" for site in sites):
        return (
            f"{listed} cannot be folded: a shortcut adds to a sum in the network, where no weight is that it "
            "could be folded into."
        )
    return f"{listed} cannot be folded: their linears also project positions, which would change too."


def _check_plain(model: PreTrainedModel, name: str) -> None:
    """Raises InputError unless a parameter is a plain one of floating-point numbers."""
    module = model.get_submodule(name.rpartition(".")[0])
    parameter = dict(module.named_parameters(recurse=False)).get(name.rpartition(".")[2])
    if type(parameter) is not nn.Parameter or parameter.dtype not in PLAIN_DTYPES:
        raise InputError(
            f"{name.rpartition('.')[0]} is a {type(module).__name__} whose weight is quantized, so that "
            "nothing can be folded into it; load the base model without quantization, or keep the adapter "
            "attached (load_adapter)."
        )
