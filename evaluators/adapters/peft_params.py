"""What PEFT makes of a config: found out by having it make it, without weights and beside the model."""

from __future__ import annotations

import copy
import warnings
from typing import Final

from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from evaluators.base.twin import twin_of
from spaces.foreign import foreign

__all__ = ["peft_params"]

_OTHER_ROLES: Final = "name other roles in `space`."


def peft_params(model: nn.Module, config: LoraConfig, *, remedy: str = _OTHER_ROLES) -> dict[str, int]:
    """Parameters of the adapters that PEFT gives a model under a config, by the module that is adapted.

    PEFT is asked on copies of the model's modules that share its tensors, and makes adapters without memory.
    Both are left as they are, save that PEFT freezes what it is given: wrap this in ``untouched``. Raises
    InputError where PEFT refuses. remedy: what its reader is told to do then.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT says the same again when the config is used
        with foreign("PEFT cannot adapt this model so", remedy):
            adapted = inject_adapter_in_model(copy.deepcopy(config), twin_of(model), low_cpu_mem_usage=True)
    found: dict[str, int] = {}
    for name, tensor in adapted.named_parameters():
        module, is_adapter, _ = name.partition(".lora_")
        if is_adapter:
            found[module] = found.get(module, 0) + tensor.numel()
    return found
