"""How many ranks a site a budget buys of a model's linears."""

from __future__ import annotations

from transformers import PreTrainedModel

from evaluators.adapters.adaptable import adaptable
from evaluators.adapters.peft_sites import peft_sites
from spaces.budget import parse_budget
from spaces.find_sites import find_sites
from spaces.meta_model import base_params

__all__ = ["mean_rank"]


def mean_rank(model: PreTrainedModel, *, budget: str | int, space: str) -> float:
    """The rank that all linears of a space could have within a budget, as a fraction.

    Raises UsageError on a space or a budget that cannot be, as ``allocate`` does.
    """
    sites = adaptable(model, peft_sites(model, find_sites(model, space)))
    max_params = parse_budget(budget).max_params(sites, base_params=base_params(model))
    return max_params / sum(site.cost_per_rank for site in sites)
