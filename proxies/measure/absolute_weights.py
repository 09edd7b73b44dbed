"""A model that computes with the absolute values of its weights, without a second copy of all of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map_only
from transformers import PreTrainedModel

from spaces.packed import check_unpacked

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
    check_unpacked(model, "synflow takes the absolute values of all weights")
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
        kwargs = kwargs or {}
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        if len(tensors) == 1 and id(tensors[0]) in self._own:
            found = func(*args, **kwargs)
            if not isinstance(found, Tensor):
                return found  # its shape, dtype or device
        args, kwargs = tree_map_only(Tensor, self._absolute, (args, kwargs))
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
