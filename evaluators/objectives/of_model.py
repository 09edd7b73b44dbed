"""What a model in memory was made to learn."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from torch import Tensor
from transformers import PreTrainedModel
from transformers.models.auto import modeling_auto

from spaces.errors import InputError
from spaces.objective import Objective

from .causal_lm import CausalLM
from .classification import Classification
from .own_loss import OwnLoss
from .regression import Regression

__all__ = ["objective_of"]

_log = logging.getLogger(__name__)


def objective_of(model: PreTrainedModel, labels: Tensor) -> Objective:
    """The objective of a model's class, for labels like these.

    Of transformers' causal LMs, classification of sequences with one class a row, or regression: each equals
    the loss that such a model has of its own, is known row by row, and of a causal LM needs no memory for
    tokens times vocabulary. Of all others, somebody's own classes among them, ``OwnLoss``; and of a causal LM
    whose trial says, in the log, that its loss cannot be taken in parts.
    """
    if _is_one_of(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, model):
        objective = CausalLM()
        try:
            objective.check_model(model)
        except InputError as error:
            _log.info("the model's own loss is taken: %s", error)
        else:
            return objective
    if _is_one_of(modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES, model) and labels.ndim == 1:
        kind, count = model.config.problem_type, int(model.config.num_labels or 0)
        if count == 1 and kind in (None, "regression"):
            return Regression()
        if not labels.is_floating_point() and kind in (None, "single_label_classification"):
            return Classification(tuple(map(str, range(count))))
    return OwnLoss()


def _is_one_of(classes: Mapping[str, str | tuple[str, ...]], model: PreTrainedModel) -> bool:
    """Whether a model is of one of transformers' own classes; one derived of them may learn otherwise."""
    own = type(model)
    return own.__module__.startswith("transformers.models.") and any(
        own.__name__ == names or (isinstance(names, tuple) and own.__name__ in names)
        for names in classes.values()
    )
