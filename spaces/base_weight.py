"""The weight W0 that a site's wire adds to, W = W0 + scale * B diag(g) A."""

from __future__ import annotations

from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from .errors import InputError
from .own_part import part_of
from .site import Site

__all__ = ["base_weight", "whole_weight"]


def base_weight(model: PreTrainedModel, site: Site) -> Tensor:
    """W0 of a ``lora`` site: (d_out, d_in), its rows of ``whole_weight``, which says what is raised.

    Shortcuts have no weight in the network: W0 is the identity (residual) or zero (cross).
    """
    assert site.kind == "lora"
    return part_of(whole_weight(model, site.target.module), site.target, dim=0)


def whole_weight(model: PreTrainedModel, module: str) -> Tensor:
    """The weight of a linear, (width, d_in), where Conv1D keeps it transposed too; a view to be changed.

    Raises InputError where it is packed (quantized) and cannot be read as a matrix.
    """
    linear = model.get_submodule(module)
    weight = linear.weight
    is_matrix = isinstance(weight, Tensor) and weight.ndim == 2 and weight.is_floating_point()
    if not is_matrix:
        raise InputError(
            f"{module} is a {type(linear).__name__} whose weight is not a plain matrix; load the "
            "model without quantization, or use what reads no base weights (proxies zico, eva)."
        )
    assert isinstance(weight, Tensor)
    return weight.T if isinstance(linear, Conv1D) else weight
