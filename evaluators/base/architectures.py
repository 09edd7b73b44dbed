"""The classes of models: transformers' auto class, PEFT's word for it, and which modules are the head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from peft import TaskType
from torch import nn
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedModel

from spaces.objective import Architecture

from .classifier_head import classifier_head

__all__ = ["ARCHITECTURES", "ModelClass"]


@dataclass(frozen=True, slots=True)
class ModelClass:
    """auto: loads it. task_type: PEFT's. head: the modules that train beside the wires, by full name.

    fresh_head: whether what lies outside the base model is drawn anew, so that a checkpoint may lack it.
    """

    auto: Any  # transformers' auto classes have no common type
    task_type: TaskType
    head: Callable[[PreTrainedModel], Mapping[str, nn.Module]]
    fresh_head: bool


def _no_head(_: PreTrainedModel) -> dict[str, nn.Module]:
    """Nothing: what a language model answers with is pretrained, and may be its embeddings."""
    return {}


ARCHITECTURES: Final[Mapping[Architecture, ModelClass]] = MappingProxyType(
    {
        "sequence_classification": ModelClass(
            AutoModelForSequenceClassification, TaskType.SEQ_CLS, classifier_head, fresh_head=True
        ),
        "causal_lm": ModelClass(AutoModelForCausalLM, TaskType.CAUSAL_LM, _no_head, fresh_head=False),
    }
)
