"""A model that computes with the absolute values of its weights, without a second copy of all of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map_only
from transformers import PreTrainedModel

from spaces.errors import InputError

__all__ = ["absolute_weights"]


@contextmanager
def absolute_weights(model: PreTrainedModel) -> Iterator[None]:
    """Within the block whatever is computed of the model's weights is computed of their absolute values.

    The model does not change: an absolute weight is made where a function of PyTorch takes one, let go of
    when that has returned, and made again where the backward pass needs it; it costs the memory of the
    largest weight. What a checkpointed function computes again in the backward pass is out of its sight, and
    must be handed absolute weights of its own.

    Raises InputError where weights are packed (quantized), and have no sign of their own.
    """
    if any(not parameter.is_floating_point() for parameter in model.parameters()):
        raise InputError(
            f"synflow takes the absolute weights of this {type(model).__name__}, which are quantized; name "
            "other proxies with `proxy`, or load the model without quantization."
        )
    substituted = _Substituted(model)
    with substituted, saved_tensors_hooks(substituted.pack, _unpack):
        yield


class _Substituted(TorchFunctionMode):
    """Hands every function the absolute value of each of the model's own parameters."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self._own = {id(parameter) for parameter in model.parameters()}
        self._made: dict[int, tuple[weakref.ref[Tensor], Tensor]] = {}  # by address, which may be used again

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        args, kwargs = tree_map_only(Tensor, self._absolute, (args, kwargs or {}))
        return func(*args, **kwargs)

    def pack(self, saved: Tensor) -> Tensor | _View:
        """What autograd keeps of a tensor: of an absolute weight, or a view of one, from what it is made."""
        made, weight = self._made.get(saved.untyped_storage().data_ptr(), (None, saved))
        if made is None or made() is None:
            return saved
        return _View(weight, saved)

    def _absolute(self, tensor: Tensor) -> Tensor:
        if id(tensor) not in self._own:
            return tensor
        made = tensor.detach().abs()
        self._made[made.untyped_storage().data_ptr()] = weakref.ref(made), tensor
        return made


class _View:
    """A view of an absolute weight that does not exist for now."""

    def __init__(self, weight: Tensor, view: Tensor) -> None:
        self._weight = weight.detach()
        self._layout = view.size(), view.stride(), view.storage_offset()

    def made(self) -> Tensor:
        return self._weight.abs().as_strided(*self._layout)


def _unpack(kept: Tensor | _View) -> Tensor:
    return kept.made() if isinstance(kept, _View) else kept
