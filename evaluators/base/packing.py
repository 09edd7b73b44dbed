"""Loading a model with its linears' weights packed in 4 or 8 bits, by bitsandbytes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import torch
from transformers import BitsAndBytesConfig, PretrainedConfig, PreTrainedModel
from transformers.quantizers.base import get_keys_to_not_convert

from spaces.errors import InputError

from .architectures import ModelClass

__all__ = ["PACKINGS", "keep_packing", "packed_loading"]

PACKINGS: Final[Mapping[int, Mapping[str, Any]]] = MappingProxyType(
    {
        4: {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
        8: {"load_in_8bit": True, "llm_int8_threshold": 0.0},
    }
)
"""By bits, what transformers is told: 4 as in QLoRA (arXiv:2305.14314, section 3), 8 as in LLM.int8()
(arXiv:2208.07339, section 2) but without its outlier columns: a column that is one in any row would be
computed in 16 bits in all of them, and a candidate would hang on its neighbours' rows."""


def packed_loading(
    bits: int | None,
    dtype: torch.dtype,
    device: torch.device | str,
    *,
    kind: ModelClass,
    config: PretrainedConfig,
) -> dict[str, Any]:
    """What ``from_pretrained`` takes besides for a model of so many bits; nothing where they are None.

    dtype: that products are computed in, and that what is not packed has: the head, which trains, and what
    transformers leaves as it is by itself. Raises InputError where bitsandbytes is missing.
    """
    if bits is None:
        return {}
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise InputError(
            f"bitsandbytes is missing, which `load_in_{bits}bit` needs; pip install -e '.[quantized]'."
        ) from None
    compute = {"bnb_4bit_compute_dtype": dtype} if bits == 4 else {}
    return {
        "quantization_config": BitsAndBytesConfig(
            **PACKINGS[bits], **compute, llm_int8_skip_modules=_left_as_they_are(kind, config)
        ),
        "device_map": {"": torch.device(device)},
    }


def keep_packing(model: PreTrainedModel) -> None:
    """Has linears of 4 bits stay as they were loaded, whatever they are asked.

    On some CPUs bitsandbytes packs them anew, and more roughly, when they are first asked without gradients:
    a candidate would then be judged by another model than it was trained on.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.__dict__["support_avx512bf16_for_cpu"] = False


def _left_as_they_are(kind: ModelClass, config: PretrainedConfig) -> list[str]:
    """Modules that are not packed: a list that is given takes the place of transformers' own."""
    with torch.device("meta"):
        model = kind.auto.from_config(copy.deepcopy(config), trust_remote_code=False)
    return sorted({*get_keys_to_not_convert(model), *kind.head(model)})
