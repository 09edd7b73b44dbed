"""A model of PEFT's making: what a config describes, around a base model of ours, and a head that trains."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final, TypeGuard

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from evaluators.base.saved_modules import saved_modules
from evaluators.base.twin import twin_of
from evaluators.objectives.task_objective import TaskObjective

__all__ = ["TRAINED_HEAD", "adapter_params", "is_eva", "with_adapter"]

TRAINED_HEAD: Final = ".modules_to_save.default"
"""What follows a module's name where PEFT keeps its trained copy."""


def with_adapter(config: PeftConfig, model: PreTrainedModel, objective: TaskObjective) -> PeftModel:
    """The model with what the config describes, in eval mode; its whole head trains too.

    It is a twin of the model, whose frozen weights it shares (``twin_of``) as a cohort does, so that the
    memory of both is compared alike.
    All that trains is float32, whatever the model's dtype, as it is in a cohort of ours: PEFT sees to its
    adapters alone, and steps of a head in 16 bits are lost to rounding.
    """
    own = deepcopy(config)
    own.task_type = ARCHITECTURES[objective.architecture].task_type
    saved = saved_modules(objective.head(model), own.task_type)
    own.modules_to_save = saved  # type: ignore[attr-defined] # every tuner has it
    empty = is_eva(own)  # as PEFT asks for: EVA makes the matrices anew
    tuned = get_peft_model(twin_of(model), own, low_cpu_mem_usage=empty).eval()
    for name, module in tuned.named_modules():
        if name.endswith(TRAINED_HEAD):
            module.float().register_forward_pre_hook(_in_float32, with_kwargs=True)
    return tuned


def adapter_params(tuned: PeftModel) -> int:
    """Parameters that train, the head left out."""
    return sum(
        parameter.numel()
        for name, parameter in tuned.named_parameters()
        if parameter.requires_grad and f"{TRAINED_HEAD}." not in name
    )


def is_eva(config: PeftConfig) -> TypeGuard[LoraConfig]:
    """Whether A is to be made of the inputs before training."""
    return isinstance(config, LoraConfig) and config.init_lora_weights == "eva"


def _in_float32(
    _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a module is given, its floating-point numbers in float32."""

    def cast(one: Any) -> Any:
        return one.to(torch.float32) if isinstance(one, Tensor) and one.is_floating_point() else one

    return tuple(map(cast, args)), {name: cast(one) for name, one in kwargs.items()}
