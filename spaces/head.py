"""The classification head, one copy for every slot; it is trained and counted apart from the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from .errors import InputError
from .hooks import Attachment
from .seeding import named_generator
from .stacked import Stacked

__all__ = ["Head", "head_linears"]


def head_linears(model: PreTrainedModel) -> dict[str, nn.Linear]:
    """The linears outside the base model, by full name: what fine-tuning trains besides the adapter.

    Raises InputError where the head has parameters in anything but nn.Linear.
    """
    inside = f"{model.base_model_prefix}."
    linears: dict[str, nn.Linear] = {}
    for name, module in model.named_modules():
        if (
            name == model.base_model_prefix
            or name.startswith(inside)
            or not list(module.parameters(recurse=False))
        ):
            continue
        if not isinstance(module, nn.Linear):
            raise InputError(
                f"the head's {name} is a {type(module).__name__}; only heads of nn.Linear can be trained."
            )
        linears[name] = module
    return linears


class Head:
    """The heads of C slots, in place of the model's own, which is left untouched."""

    def __init__(self, model: PreTrainedModel, stacked: Stacked) -> None:
        """``stacked`` must hold ``Head.shapes(model)``."""
        self._model, self._stacked = model, stacked
        self._linears = head_linears(model)
        self._std = float(getattr(model.config, "initializer_range", 0.02))

    @staticmethod
    def shapes(model: PreTrainedModel) -> dict[str, tuple[int, ...]]:
        """Shapes, without the slot axis, of what a head trains: ``head.classifier.weight`` and so on."""
        return {
            f"head.{name}.{key}": tuple(parameter.shape)
            for name, linear in head_linears(model).items()
            for key, parameter in linear.named_parameters()
        }

    def load(self, slot: int, *, seed: int) -> None:
        """Starts a head in a slot: weights normal with the model's initializer_range, biases zero."""
        for name in self._names():
            tensor = self._stacked.slot(name, slot)
            draw = named_generator(seed, name).standard_normal(tuple(tensor.shape), dtype=np.float32)
            tensor.copy_(torch.from_numpy(draw) * (0.0 if name.endswith(".bias") else self._std))

    def trained(self, slot: int) -> dict[str, Tensor]:
        """Copies of a slot's head tensors."""
        return {name: self._stacked.slot(name, slot).clone() for name in self._names()}

    def restore(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        """Puts back what ``trained`` gave."""
        for name in self._names():
            self._stacked.slot(name, slot).copy_(tensors[name])

    def attach(self) -> Attachment:
        """Computes the head's linears with the slots' weights, until detached."""
        with ExitStack() as handles:
            for name, linear in self._linears.items():
                handles.callback(linear.register_forward_hook(self._hook(name)).remove)
            return Attachment(handles.pop_all())

    def _names(self) -> list[str]:
        return [name for name in self._stacked.leaf if name.startswith("head.")]

    def _hook(self, name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
        of_selected = self._stacked.of_selected

        def replace(_: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
            x = args[0].reshape(len(self._stacked.selected), -1, args[0].shape[-1])
            weight = of_selected(self._stacked.leaf[f"head.{name}.weight"]).to(x.dtype)
            y = torch.bmm(x, weight.transpose(1, 2))
            if f"head.{name}.bias" in self._stacked.leaf:
                y = y + of_selected(self._stacked.leaf[f"head.{name}.bias"]).to(x.dtype)[:, None, :]
            return y.reshape(output.shape)

        return replace
