"""A model's shapes without its weights: built from its config.json alone, on PyTorch's meta device."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from .errors import InputError
from .foreign import foreign
from .model_place import ModelPlace
from .objective import Architecture
from .packed import numbers_in

__all__ = ["base_params", "meta_model"]

_CLASSES: Final[Mapping[Architecture, tuple[Any, Any]]] = MappingProxyType(
    {
        "sequence_classification": (
            MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
            AutoModelForSequenceClassification,
        ),
        "causal_lm": (MODEL_FOR_CAUSAL_LM_MAPPING, AutoModelForCausalLM),
    }
)
"""By type of configuration, which models there are of an architecture; and what builds them."""

_MOST: Final = {"layer": 10_000, "block": 10_000, "expert": 10_000, "label": 1_000_000}
"""Of what a config counts and transformers builds one by one, also without weights: above all known."""


def meta_model(model: str, architecture: Architecture | None = None) -> PreTrainedModel:
    """The model of a folder or hub name in an architecture, or its bare body where it has none of that.

    architecture: by default the language model where config.json says that the folder holds one, else the
    sequence classifier.
    Every parameter is on the meta device and holds no number. Code that comes with a model is not run.
    Raises InputError where there is no usable config.json, no architecture for it, or nothing in it.
    """
    config = _read_config(model)
    known, auto = _CLASSES[architecture or _own_architecture(config)]
    with (
        foreign(
            f"`model={model!r}`: no model of type {config.model_type!r} can be built from its config.json",
            "check its values, or choose another model.",
        ),
        torch.device("meta"),
    ):
        builder = auto if type(config) in known else AutoModel
        built = builder.from_config(config, trust_remote_code=False)
    assert isinstance(built, PreTrainedModel)
    if empty := next((name for name, one in built.base_model.named_parameters() if not one.numel()), None):
        raise InputError(
            f"`model={model!r}`: its config.json has a size of 0: {empty} holds no number; check its values."
        )
    return built


def base_params(model: PreTrainedModel) -> int:
    """Parameters that are pretrained: all of a language model, but of a classifier the body without its head.

    Shared ones count once, as where embeddings are tied to ``lm_head``; packed ones as the numbers that they
    stand for.
    """
    pretrained = model.base_model if model.get_output_embeddings() is None else model
    return sum(numbers_in(parameter) for parameter in pretrained.parameters())


def _own_architecture(config: PretrainedConfig) -> Architecture:
    """What the model is that was saved with this configuration, as far as it says."""
    decoder = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type)
    said = config.architectures if isinstance(config.architectures, list) else []
    return "causal_lm" if decoder in said else "sequence_classification"


def _read_config(model: str) -> PretrainedConfig:
    place = ModelPlace.of(model)
    with place.loading("config.json"):
        fields = PretrainedConfig.get_config_dict(model)[0] if Path(model).is_dir() else {}
        excess = next(_excess(fields), None)
        local_only = place.local_only
        config = (
            None
            if excess
            else AutoConfig.from_pretrained(model, trust_remote_code=False, local_files_only=local_only)
        )
    if excess:
        raise InputError(f"`model={model!r}`: its config.json has {excess}; give a model's own config.json.")
    assert isinstance(config, PretrainedConfig)
    return config


def _excess(fields: Mapping[str, Any]) -> Iterator[str]:
    """What a config, or one within it, asks for in numbers that would take hours to build."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _excess(value)
        kind = re.search(r"(layer|block|expert|label)s?$", str(name))
        if kind and isinstance(value, int | float) and value > _MOST[kind[1]]:
            yield f"{name} above {_MOST[kind[1]]:,}, the most that is built"
