"""Looking at somebody's model without leaving a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PretrainedConfig, PreTrainedModel

__all__ = ["untouched"]


@contextmanager
def untouched(model: PreTrainedModel) -> Iterator[None]:
    """Within the block the model is frozen, in eval mode and keeps no keys and values; then it is as it was.

    Put back are what asks for gradients, every module's training flag, ``use_cache`` of the model's
    configurations, and PyTorch's generators, those of the CPU and of the model's device: a shuffling
    DataLoader that is read inside draws the same again. Gradients that parameters hold are left alone.
    """
    trains = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    training = [(module, module.training) for module in model.modules()]
    caches = [(config, config.use_cache) for config in _configs(model) if hasattr(config, "use_cache")]
    kind, index = model.device.type, model.device.index
    devices = [] if kind == "cpu" else [0 if index is None else index]
    with (
        torch.inference_mode(False),
        torch.random.fork_rng(devices, device_type="cuda" if kind == "cpu" else kind),
    ):
        try:
            model.requires_grad_(False).train(False)
            for config, _ in caches:
                config.use_cache = False
            yield
        finally:
            for parameter, flag in trains:
                parameter.requires_grad_(flag)
            for module, mode in training:
                module.training = mode
            for config, kept in caches:
                config.use_cache = kept


def _configs(model: PreTrainedModel) -> list[PretrainedConfig]:
    """The model's configuration and that of its text part, once each."""
    both = (model.config, model.config.get_text_config())
    return list({id(config): config for config in both}.values())
