"""What trains beside the wires, one copy for every slot; it is counted apart from the budget."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from transformers import PreTrainedModel

from .counted import counted
from .errors import InputError
from .hooks import Attachment
from .seeding import named_generator
from .stacked import Stacked

__all__ = ["Head", "head_parameters", "mark_pretrained_head", "own_head_kept", "rows_of"]

_MARK: Final = "_rankscape_pretrained_head"


def head_parameters(modules: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    """The parameters of a head's modules, given by full name, by full name."""
    return {
        f"{name}.{key}": one for name, module in modules.items() for key, one in module.named_parameters()
    }


def mark_pretrained_head(model: PreTrainedModel, names: Collection[str]) -> None:
    """Says of parameters of a model's head, by full name, that they were pretrained, not drawn at random;
    ``Head.of`` heeds it, of this model and of copies of it."""
    setattr(model, _MARK, frozenset(names))


@contextmanager
def own_head_kept(model: PreTrainedModel) -> Iterator[None]:
    """Within the block the whole head of a model counts as pretrained: somebody's own, whose training goes on
    from what it is."""
    before = vars(model).get(_MARK)
    mark_pretrained_head(model, [name for name, _ in model.named_parameters(remove_duplicate=False)])
    try:
        yield
    finally:
        delattr(model, _MARK)
        if before is not None:
            setattr(model, _MARK, before)


class Head:
    """The heads of C slots, in place of the model's own, which is left untouched; of no modules, nothing."""

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        stacked: Stacked,
        *,
        std: float = 0.02,
        pretrained: Collection[str] = (),
    ) -> None:
        """modules: by full name. ``stacked`` must hold ``Head.shapes(modules)``. std: of weights at the
        start. pretrained: parameters, by full name, that start as they are. Raises InputError where one
        of the head's is packed, whose numbers are not its weights."""
        self._modules, self._stacked, self._std = dict(modules), stacked, std
        own = head_parameters(modules)
        if packed := next((name for name, one in own.items() if not one.is_floating_point()), None):
            raise InputError(
                f"the head's {packed} is packed ({own[packed].dtype}) and cannot be trained; load the model "
                f"with llm_int8_skip_modules={sorted(modules)} in its BitsAndBytesConfig."
            )
        self._pretrained = {f"head.{name}": own[name].detach() for name in pretrained if name in own}

    @classmethod
    def of(cls, model: PreTrainedModel, modules: Mapping[str, nn.Module], stacked: Stacked) -> Head:
        """Of modules of this model, which says how a head of its own starts: what of it is marked as it was
        pretrained (``mark_pretrained_head``), other weights at its configuration's ``initializer_range``."""
        std = float(getattr(model.config, "initializer_range", 0.02))
        return cls(modules, stacked, std=std, pretrained=getattr(model, _MARK, ()))

    @staticmethod
    def shapes(modules: Mapping[str, nn.Module]) -> dict[str, tuple[int, ...]]:
        """Shapes, without the slot axis, of what a head trains: ``head.classifier.weight`` and so on."""
        return {f"head.{name}": tuple(one.shape) for name, one in head_parameters(modules).items()}

    def load(self, slot: int, *, seed: int) -> None:
        """Starts a head in a slot: what was pretrained as it was, other weights normal with ``std``, biases
        zero, other vectors (a norm's weight) one. So transformers starts most heads, but not all:
        ModernBERT's classifier has a truncated normal of deviation hidden_size**-0.5 there."""
        for name in self._names():
            tensor = self._stacked.slot(name, slot)
            if name in self._pretrained:
                tensor.copy_(self._pretrained[name])
                continue
            if tensor.ndim < 2:
                tensor.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            draw = named_generator(seed, name).standard_normal(tuple(tensor.shape), dtype=np.float32)
            tensor.copy_(torch.from_numpy(draw) * self._std)

    def trained(self, slot: int) -> dict[str, Tensor]:
        """Copies of a slot's head tensors."""
        return {name: self._stacked.slot(name, slot).clone() for name in self._names()}

    def restore(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        """Puts back what ``trained`` gave."""
        for name in self._names():
            self._stacked.slot(name, slot).copy_(tensors[name])

    def attach(self) -> Attachment:
        """Computes the head's modules with the slots' weights, until detached."""
        with ExitStack() as handles:
            for name, module in self._modules.items():
                hook = self._linear(name) if isinstance(module, nn.Linear) else self._any(name, module)
                handles.callback(module.register_forward_hook(hook, with_kwargs=True).remove)
            return Attachment(handles.pop_all())

    def _names(self) -> list[str]:
        return [name for name in self._stacked.leaf if name.startswith("head.")]

    def _linear(self, name: str) -> _Hook:
        of_selected = self._stacked.of_selected

        def replace(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> Tensor:
            rows = rows_of(name, args, kwargs)
            x = rows.reshape(len(self._stacked.selected), -1, rows.shape[-1])
            weight = of_selected(self._stacked.leaf[f"head.{name}.weight"]).to(x.dtype)
            y = torch.bmm(x, weight.transpose(1, 2))
            if f"head.{name}.bias" in self._stacked.leaf:
                y = y + of_selected(self._stacked.leaf[f"head.{name}.bias"]).to(x.dtype)[:, None, :]
            return y.reshape(output.shape)

        return replace

    def _any(self, name: str, module: nn.Module) -> _Hook:
        """A module of any other kind: a copy of it without hooks, mapped over the slots' weights."""
        twin, prefix = copy.deepcopy(module), f"head.{name}."
        for part in twin.modules():
            part._forward_hooks.clear()
            part._forward_pre_hooks.clear()

        def apply(weights: dict[str, Tensor], rows: Tensor) -> Tensor:
            result: Tensor = functional_call(twin, weights, (rows,))
            return result

        def replace(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> Tensor:
            rows = rows_of(name, args, kwargs)
            slots = len(self._stacked.selected)
            weights = {
                key.removeprefix(prefix): self._stacked.of_selected(leaf).to(rows.dtype)
                for key, leaf in self._stacked.leaf.items()
                if key.startswith(prefix)
            }
            y: Tensor = vmap(apply)(weights, rows.reshape(slots, -1, *rows.shape[1:]))
            return y.reshape(output.shape)

        return replace


_Hook = Callable[[nn.Module, tuple[Any, ...], dict[str, Any], Tensor], Tensor]


def rows_of(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """What a module of the head is given: one tensor, a row of the batch in each place of its first axis."""
    given = (*args, *kwargs.values())
    if len(given) != 1 or not isinstance(given[0], Tensor):
        raise InputError(
            f"the head's {name} takes {counted(len(given), 'argument')}; only modules of one tensor can be "
            "trained for several candidates at once. Choose another model."
        )
    return given[0]
