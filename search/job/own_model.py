"""Whether somebody's model in memory can be scored as it is."""

from __future__ import annotations

from typing import Any

from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import PreTrainedModel

from spaces.errors import InputError, UsageError
from spaces.foreign import foreign

__all__ = ["check_own_model"]


def check_own_model(model: Any) -> None:
    """Raises UsageError on anything but a model of transformers, InputError on one without weights, with
    adapters in it, or spread over devices."""
    if not isinstance(model, PreTrainedModel):
        inner = " that wraps one" if hasattr(model, "get_base_model") or hasattr(model, "module") else ""
        raise UsageError(
            f"`model` is a {type(model).__name__}{inner}, not a model of transformers; give what "
            "AutoModelForCausalLM or another of its classes loads, before anything is wrapped around it."
        )
    if _has_adapters(model):
        raise InputError(
            "`model` has PEFT adapters in it already; give the base model alone, as `unload()` of the PEFT "
            "model returns it."
        )
    with foreign(f"this {type(model).__name__} does not say what embeds its inputs", "choose another model."):
        embeddings = model.get_input_embeddings()
    if not isinstance(embeddings, nn.Module):
        raise InputError(
            f"what embeds the inputs of this {type(model).__name__} is a {type(embeddings).__name__}, no "
            "module through which gradients could be followed; choose another model."
        )
    devices = {str(parameter.device) for parameter in model.parameters()}
    if "meta" in devices:
        raise InputError(
            "`model` has weights on the meta device, where there is nothing to compute with; load them, for "
            "example with from_pretrained and without a meta `device_map`."
        )
    if len(devices) > 1:
        raise InputError(
            f"`model` is spread over {sorted(devices)}; load it onto one device, in 4 bits if need be."
        )


def _has_adapters(model: PreTrainedModel) -> bool:
    """Whether PEFT put any into the model: by its own ``add_adapter``, or from outside, which only shows in
    the layers."""
    added = getattr(model, "_hf_peft_config_loaded", False)
    return bool(added) or any(isinstance(module, BaseTunerLayer) for module in model.modules())
