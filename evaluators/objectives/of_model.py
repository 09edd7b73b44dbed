"""Which objective a model in memory was made for."""

from __future__ import annotations

from transformers import PreTrainedModel

from spaces.objective import Objective

from .own_loss import OwnLoss

__all__ = ["objective_of"]


def objective_of(model: PreTrainedModel) -> Objective:
    """The objective of the model's class: its own loss."""
    return OwnLoss()
