"""A model's shapes without its weights: built from its config.json alone, on PyTorch's meta device."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from transformers import (
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)

from .errors import InputError
from .foreign import foreign
from .packed import numbers_in

__all__ = ["base_params", "meta_model"]

_MOST: Final = {"layer": 10_000, "block": 10_000, "expert": 10_000, "label": 1_000_000}
"""Of what a config counts and transformers builds one by one, also without weights: above all known."""


def meta_model(model: str) -> PreTrainedModel:
    """The sequence classifier of a model folder or hub name, or its bare body where it has none.

    Every parameter is on the meta device and holds no number. Code that comes with a model is not run.
    Raises InputError where there is no usable config.json, no architecture for it, or nothing in it.
    """
    config = _read_config(model)
    classifies = type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    architecture = AutoModelForSequenceClassification if classifies else AutoModel
    with (
        foreign(
            f"`model={model!r}`: no model of type {config.model_type!r} can be built from its config.json",
            "check its values, or choose another model.",
        ),
        torch.device("meta"),
    ):
        built = architecture.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]
    assert isinstance(built, PreTrainedModel)
    if empty := next((name for name, one in built.base_model.named_parameters() if not one.numel()), None):
        raise InputError(
            f"`model={model!r}`: its config.json has a size of 0: {empty} holds no number; check its values."
        )
    return built


def base_params(model: PreTrainedModel) -> int:
    """Parameters of the pretrained body, its head left out; shared ones count once, packed ones as the
    numbers that they stand for."""
    return sum(numbers_in(parameter) for parameter in model.base_model.parameters())


def _read_config(model: str) -> PretrainedConfig:
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise InputError(
                f"`model={model!r}` is a folder without config.json; "
                "give the folder that save_pretrained wrote."
            )
        model = str(folder)
    elif not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model) or model.startswith("."):
        raise InputError(
            f"`model={model!r}` is no folder; give a folder with a config.json, "
            "or a hub name such as facebook/opt-350m."
        )
    with foreign(
        f"`model={model!r}` has no usable config.json",
        "give a folder with the config.json of a model that this version of transformers knows, "
        "or a hub name within reach.",
    ):
        fields = PretrainedConfig.get_config_dict(model)[0] if folder.is_dir() else {}
        excess = next(_excess(fields), None)
        config = None if excess else AutoConfig.from_pretrained(model, trust_remote_code=False)
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
