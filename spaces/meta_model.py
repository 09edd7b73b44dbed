"""A model's shapes without its weights: built from its config.json alone, on PyTorch's meta device."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)

from .errors import InputError

__all__ = ["base_params", "meta_model"]

# What a configuration with wrong or missing values makes transformers raise.
_UNUSABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    ImportError,
)


def meta_model(model: str) -> PreTrainedModel:
    """The sequence classifier of a model folder or hub name, or its bare body where it has none.

    Every parameter is on the meta device and holds no number. Code that comes with a model is not run.
    Raises InputError where there is no usable config.json, or no architecture for it.
    """
    config = _read_config(model)
    classifies = type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    architecture = AutoModelForSequenceClassification if classifies else AutoModel
    try:
        with torch.device("meta"):
            built = architecture.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    except _UNUSABLE as error:
        raise InputError(
            f"model={model!r}: no model of type {config.model_type!r} can be built from its config.json "
            f"({_one_line(error)}). Check its values, or choose another model."
        ) from error
    assert isinstance(built, PreTrainedModel)
    return built


def base_params(model: PreTrainedModel) -> int:
    """Parameters of the pretrained body, its head left out; shared ones count once."""
    return sum(parameter.numel() for parameter in model.base_model.parameters())


def _read_config(model: str) -> PretrainedConfig:
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise InputError(
                f"model={model!r} is a folder without config.json; "
                "give the folder that save_pretrained wrote."
            )
        model = str(folder)
    elif not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model) or model.startswith("."):
        raise InputError(
            f"model={model!r} is no folder; give a folder with a config.json, "
            "or a hub name such as facebook/opt-350m."
        )
    try:
        config = AutoConfig.from_pretrained(model, trust_remote_code=False)
    except (*_UNUSABLE, StrictDataclassError) as error:
        raise InputError(
            f"model={model!r} has no usable config.json ({_one_line(error)}). Give a folder with the "
            "config.json of a model that this version of transformers knows, or a hub name within reach."
        ) from error
    assert isinstance(config, PretrainedConfig)
    return config


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {text[:200]}" + ("..." if len(text) > 200 else "")
