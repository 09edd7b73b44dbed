"""An allocation as PEFT's ``LoraConfig``."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from peft import LoraConfig, TaskType
from transformers import PreTrainedModel
from transformers.models.auto import modeling_auto
from transformers.pytorch_utils import Conv1D

from evaluators.base.classifier_head import classifier_head
from evaluators.base.saved_modules import saved_modules
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.scaling import Scaling
from spaces.site import Site

__all__ = ["anchored", "config_of_modules", "lora_config", "task_type_of"]

_log = logging.getLogger(__name__)

_TASKS: Final[tuple[tuple[TaskType, Mapping[str, str | tuple[str, ...]]], ...]] = (
    (TaskType.SEQ_CLS, modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES),
    (TaskType.TOKEN_CLS, modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES),
    (TaskType.QUESTION_ANS, modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES),
    (TaskType.SEQ_2_SEQ_LM, modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES),
    (TaskType.CAUSAL_LM, modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES),
)

_WITH_HEAD: Final = frozenset({TaskType.SEQ_CLS, TaskType.TOKEN_CLS, TaskType.QUESTION_ANS})


def anchored(module: str) -> str:
    """A key of PEFT's patterns that this module alone has.

    PEFT takes a key for a regular expression, and lets any suffix of a name that begins behind a dot match:
    ``layers.1.q`` would fit ``decoder.layers.1.q`` and ``layers.1xq`` too.

    >>> anchored("layers.1.q")
    '^layers\\\\.1\\\\.q'
    """
    return f"^{re.escape(module)}"


def task_type_of(model: PreTrainedModel) -> TaskType | None:
    """PEFT's name of what a model of this class is for; None where transformers lists it under no task."""
    own = {kind.__name__ for kind in type(model).__mro__}
    for task, classes in _TASKS:
        names = ((one,) if isinstance(one, str) else one for one in classes.values())
        if any(own.intersection(some) for some in names):
            return task
    return None


def lora_config(
    model: PreTrainedModel,
    sites: Sequence[Site],
    allocation: Allocation,
    scaling: Scaling,
    *,
    task_type: TaskType | None,
) -> LoraConfig:
    """The ``LoraConfig`` with which ``peft.get_peft_model`` gives a model these wires and no others.

    Each has the scaling rule's factor of its rank; the rest is as in ``config_of_modules``.

    Args:
        model: whose modules are named; its weights are not looked at, so that the meta device will do.
        sites: as ``peft_sites`` gives them, the allocation's among them.
        allocation: of at least one site.
        scaling: the factor of every rank.
        task_type: PEFT's word for what is learned, which decides what else it trains.
    """
    ranks = {site.target.module: rank for site in sites if (rank := allocation.rank(site.name))}
    factors = {module: scaling.factor("lora", rank) for module, rank in ranks.items()}
    return config_of_modules(model, ranks, factors, task_type=task_type)


def config_of_modules(
    model: PreTrainedModel,
    ranks: Mapping[str, int],
    factors: Mapping[str, float],
    *,
    task_type: TaskType | None,
) -> LoraConfig:
    """The ``LoraConfig`` of adapters with these ranks and factors, by the full name of the linear.

    ``r`` is the largest rank, and ``rank_pattern`` names the modules that have another. ``lora_alpha`` is
    that of the first module of rank ``r``, a whole number; ``alpha_pattern`` names the modules that need
    another, so that alpha / rank is the factor of each, to rounding. Of a model for a task that PEFT knows
    as one with a head, the whole head trains beside them: ``modules_to_save`` names what of it PEFT would
    leave frozen.
    """
    r = max(ranks.values())
    alphas = {module: rank * factors[module] for module, rank in ranks.items()}
    lora_alpha = max(1, round(next(alphas[module] for module, rank in ranks.items() if rank == r)))
    return LoraConfig(
        task_type=task_type,
        r=r,
        lora_alpha=lora_alpha,
        target_modules=list(ranks),
        rank_pattern={anchored(module): rank for module, rank in ranks.items() if rank != r},
        alpha_pattern={
            anchored(module): int(alpha) if alpha.is_integer() else alpha
            for module, alpha in alphas.items()
            if alpha != lora_alpha
        },
        modules_to_save=saved_modules(_head(model), task_type) if task_type in _WITH_HEAD else None,
        fan_in_fan_out=any(isinstance(model.get_submodule(module), Conv1D) for module in ranks),
    )


def _head(model: PreTrainedModel) -> Collection[str]:
    """The names of the head's modules; none, and the log says why, where the head cannot be told."""
    try:
        return classifier_head(model)
    except InputError as error:
        _log.warning("PEFT alone decides which part of the head trains: %s", error)
        return ()
