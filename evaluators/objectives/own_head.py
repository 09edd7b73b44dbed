"""From the body's hidden states to logits by a language model's own code, for any of the places it has."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils.generic import ModelOutput

__all__ = ["OwnHead", "body_of"]


def body_of(model: PreTrainedModel, inputs: Mapping[str, Tensor]) -> ModelOutput:
    """What the body, all but the head, makes of inputs; ``last_hidden_state`` is (rows, tokens, width)."""
    output: ModelOutput = model.base_model(**inputs, return_dict=True)
    return output


class OwnHead:
    """The head of a language model, its code and its tensors, as they stand when this is built.

    What ``forward`` of the model does behind its body differs from family to family: a soft cap of the
    logits, a scale, a bias, a tied matrix. None of it is repeated: the model itself is run, on a copy
    of its list of modules, where one that answers with given hidden states has the body's place. The model
    does not change, and what is computed again later is computed with the same tensors, though others may
    have been put in their place for a while (``torch.func.functional_call``).
    """

    def __init__(self, model: PreTrainedModel, body: ModelOutput) -> None:
        """body: as ``body_of`` gives it, of whose type the answers are."""
        self._answer = _Answer(model.base_model, type(body))
        self._twin = copy.copy(model)  # the same tensors and modules, in a dict of its own
        self._twin.__dict__["_modules"] = {**model._modules, model.base_model_prefix: self._answer}
        self._tensors: dict[str, Tensor] = {
            **dict(self._twin.named_parameters()),
            **dict(self._twin.named_buffers()),
        }

    @property
    def learns(self) -> bool:
        """Whether any of its tensors asks for a gradient, as in full fine-tuning."""
        return any(tensor.requires_grad for tensor in self._tensors.values())

    def logits(self, hidden: Tensor) -> Tensor:
        """(places, vocabulary) of hidden states (places, width), in the model's dtype."""
        self._answer.hidden = hidden[None]
        inputs = {"inputs_embeds": hidden[None]}
        output: Any = torch.func.functional_call(self._twin, self._tensors, (), inputs)
        logits: Tensor = output.logits
        return logits[0]


class _Answer(nn.Module):
    """Stands in a body's place, and in that of any module within it (OPT's head asks for the decoder's)."""

    hidden: Tensor

    def __init__(self, body: nn.Module, kind: type[ModelOutput]) -> None:
        super().__init__()
        self._body, self._kind = (body,), kind  # in a tuple, so that the body's tensors are not the answer's

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.__dict__["_body"][0], name)
        return self if isinstance(found, nn.Module) else found

    def forward(self, *_: object, **__: object) -> ModelOutput:
        return self._kind(last_hidden_state=self.hidden)
