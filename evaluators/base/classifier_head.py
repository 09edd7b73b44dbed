"""Which modules of a sequence classifier are its head: what is trained for a task, beside the wires."""

from __future__ import annotations

from torch import nn
from transformers import PreTrainedModel

from spaces.errors import InputError

__all__ = ["classifier_head"]


def classifier_head(model: PreTrainedModel) -> dict[str, nn.Module]:
    """The modules outside the base model that hold parameters, by full name: what is trained besides wires.

    Of nested ones the outermost. Raises InputError where the model has no base model apart from its head, no
    head apart from that, or parameters that belong to the whole model and to no module of its head.
    """
    if model.base_model is model:
        raise InputError(
            f"{type(model).__name__} does not say which part of it is pretrained (base_model_prefix="
            f"{model.base_model_prefix!r} names none), so its head cannot be told; choose another model."
        )
    if own := [name for name, _ in model.named_parameters(recurse=False)]:
        raise InputError(
            f"the head's {own[0]} belongs to no module of {type(model).__name__}; only modules can be "
            "trained. Choose another model."
        )
    found: dict[str, nn.Module] = {}
    for name, module in model.named_modules():
        inside = (model.base_model_prefix, *found)
        if any(name == outer or name.startswith(f"{outer}.") for outer in inside):
            continue
        if list(module.parameters(recurse=False)):
            found[name] = module
    if not found:
        raise InputError(
            f"{type(model).__name__} has no head outside of its base model that could be trained for a task; "
            "choose another model."
        )
    return found
