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

    Put back are what asks for gradients, every module's training flag, all that the configurations of the
    model and of its modules say (a forward with labels writes ``problem_type``), and PyTorch's generators,
    those of the CPU and of the model's device: a shuffling DataLoader that is read inside draws the same
    again. Gradients that parameters hold are left alone.
    """
    trains = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    training = [(module, module.training) for module in model.modules()]
    said = [(config, dict(vars(config))) for config in _configs(model)]
    kind, index = model.device.type, model.device.index
    devices = [] if kind == "cpu" else [0 if index is None else index]
    with (
        torch.inference_mode(False),
        torch.random.fork_rng(devices, device_type="cuda" if kind == "cpu" else kind),
    ):
        try:
            model.requires_grad_(False).train(False)
            for config in (model.config, model.config.get_text_config()):
                if hasattr(config, "use_cache"):
                    config.use_cache = False
            yield
        finally:
            for parameter, flag in trains:
                parameter.requires_grad_(flag)
            for module, mode in training:
                module.training = mode
            for config, kept in said:
                vars(config).clear()
                vars(config).update(kept)


def _configs(model: PreTrainedModel) -> list[PretrainedConfig]:
    """The configurations of the model, of its parts and of its modules, once each."""
    found: dict[int, PretrainedConfig] = {}
    left = [model.config, model.config.get_text_config(), *(vars(m).get("config") for m in model.modules())]
    while left:
        config = left.pop()
        if isinstance(config, PretrainedConfig) and id(config) not in found:
            found[id(config)] = config
            left.extend(vars(config).values())
    return list(found.values())
