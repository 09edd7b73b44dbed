"""How large the largest tensor is that anything computes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["LargestTensor"]


class LargestTensor(TorchDispatchMode):
    """Within the block it sees every operation, those of a backward pass too. elements: of the largest."""

    elements = 0

    def __init__(self, *, besides: Iterable[Tensor] = ()) -> None:
        """besides: tensors that were there before, views of which do not count."""
        super().__init__()
        self._known = {tensor.untyped_storage().data_ptr() for tensor in besides}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        leaves = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        sizes = [leaf.numel() for leaf in leaves if leaf.untyped_storage().data_ptr() not in self._known]
        self.elements = max(self.elements, *sizes, 0)
        return result
