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

    Put back are what asks for gradients, every module's training flag, the fields of every configuration of
    the model and its parts (a forward may write there: a classifier notes the ``problem_type`` of the first
    labels), and PyTorch's generators, those of the CPU and of the model's device: a shuffling DataLoader that
    is read inside draws the same again. Gradients that parameters hold are left alone.
    """
    trains = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    training = [(module, module.training) for module in model.modules()]
    configs = [(config, dict(vars(config))) for config in _configs(model)]
    kind, index = model.device.type, model.device.index
    devices = [] if kind == "cpu" else [0 if index is None else index]
    with (
        torch.inference_mode(False),
        torch.random.fork_rng(devices, device_type="cuda" if kind == "cpu" else kind),
    ):
        try:
            model.requires_grad_(False).train(False)
            for config, kept in configs:
                if "use_cache" in kept:
                    config.use_cache = False
            yield
        finally:
            for parameter, flag in trains:
                parameter.requires_grad_(flag)
            for module, mode in training:
                module.training = mode
            for config, kept in configs:
                vars(config).clear()
                vars(config).update(kept)


def _configs(model: PreTrainedModel) -> list[PretrainedConfig]:
    """The configurations of the model, its modules and their parts, once each."""
    held = [one for module in model.modules() for one in vars(module).values()]
    waiting = [model.config, model.config.get_text_config(), *held]
    found: dict[int, PretrainedConfig] = {}
    while waiting:
        one = waiting.pop()
        if isinstance(one, PretrainedConfig) and id(one) not in found:
            found[id(one)] = one
            waiting += vars(one).values()
    return list(found.values())
