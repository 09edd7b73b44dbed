"""What a model in memory was made to learn."""

from __future__ import annotations

import logging

from transformers import PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from spaces.errors import InputError
from spaces.objective import Objective

from .causal_lm import CausalLM
from .own_loss import OwnLoss

__all__ = ["objective_of"]

_LANGUAGE_MODELS = frozenset(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
_log = logging.getLogger(__name__)


def objective_of(model: PreTrainedModel) -> Objective:
    """The objective of the model's class.

    Of a causal LM the loss in chunks, which equals its own and needs no memory for tokens times vocabulary;
    where that cannot be (its trial says why, in the log), and of any other class, the model's own loss.
    """
    if not _LANGUAGE_MODELS.isdisjoint(kind.__name__ for kind in type(model).__mro__):
        objective = CausalLM()
        try:
            objective.head(model)
        except InputError as error:
            _log.info("the model's own loss is taken: %s", error)
        else:
            return objective
    return OwnLoss()
