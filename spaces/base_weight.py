"""The weight W0 that a site's wire adds to, W = W0 + scale * B diag(g) A."""

from __future__ import annotations

from torch import Tensor
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from .errors import InputError
from .site import Site

__all__ = ["base_weight"]


def base_weight(model: PreTrainedModel, site: Site) -> Tensor:
    """W0 of a ``lora`` site: (d_out, d_in), a view of the module's weight, so that it can be changed.

    Conv1D keeps its weight transposed, and fused projections are sliced. Raises InputError where the
    weight is packed (quantized) and cannot be read as a matrix. Shortcuts have no weight in the
    network: W0 is the identity (residual) or zero (cross).
    """
    assert site.kind == "lora"
    module = model.get_submodule(site.target.module)
    weight = module.weight
    is_matrix = isinstance(weight, Tensor) and weight.ndim == 2 and weight.is_floating_point()
    if not is_matrix:
        raise InputError(
            f"{site.target.module} is a {type(module).__name__} whose weight is not a plain matrix; load the "
            "model without quantization, or use what reads no base weights (proxies grad_norm, spectrum)."
        )
    assert isinstance(weight, Tensor)
    matrix = weight.T if isinstance(module, Conv1D) else weight
    return matrix if site.target.part is None else matrix[slice(*site.target.part)]
