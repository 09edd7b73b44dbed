"""PEFT's LoRA at the sites of a cohort, with the weights that one of its slots has."""

from __future__ import annotations

import torch
from peft import LoraConfig, PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.training.cohort import Cohort


def lora_config(model: PreTrainedModel, cohort: Cohort) -> LoraConfig:
    """Adapters of rank 4 and alpha 16 at the cohort's sites."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=4,
        lora_alpha=16,
        target_modules=[site.target.module for site in cohort.wires.sites],
        fan_in_fan_out=model.config.model_type == "gpt2",
    )


def share_weights(adapted: PeftModel, cohort: Cohort) -> dict[str, Tensor]:
    """PEFT's A and B by our names, once they are as slot 0 has them."""
    tensors = dict(adapted.named_parameters())
    pairs = {
        f"{site.name}.{matrix}": tensors[
            f"base_model.model.{site.target.module}.lora_{matrix}.default.weight"
        ]
        for site in cohort.wires.sites
        for matrix in "AB"
    }
    with torch.no_grad():
        for name, parameter in pairs.items():
            parameter.copy_(cohort.stacked.slot(name, 0))
    return pairs
