"""A model beside a model: modules of its own around the same tensors."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from transformers import PretrainedConfig

__all__ = ["twin_of"]

_M = TypeVar("_M", bound=nn.Module)


def twin_of(model: _M) -> _M:
    """Its modules, their hooks and their configurations copied, and its parameters and buffers shared.

    So a twin costs no memory, and what is put into its modules, or written into its configuration, is not the
    model's. What is written into a tensor of it is, and so is whether that asks for a gradient. Modules that
    stand in several places do so in the twin too. Packed weights are shared with all that belongs to them.
    """
    return _twin(model, {}, {})


def _twin(module: _M, known: dict[int, nn.Module], memo: dict[int, object]) -> _M:
    """known: by the id of the module, the twins so far. memo: of ``deepcopy``, for the configurations."""
    if id(module) not in known:
        twin = known[id(module)] = copy.copy(module)
        for key, value in module.__dict__.items():
            if isinstance(value, PretrainedConfig):
                twin.__dict__[key] = copy.deepcopy(value, memo)
            elif isinstance(value, dict):  # parameters, buffers, hooks
                twin.__dict__[key] = copy.copy(value)
        twin._modules = {name: child and _twin(child, known, memo) for name, child in module._modules.items()}
    return known[id(module)]  # type: ignore[return-value]  # the twin of a module is of its kind
