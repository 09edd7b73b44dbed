"""Budgets of every unit, as ranks a site."""

from __future__ import annotations

import pytest

from search.job.mean_rank import mean_rank
from spaces.errors import UsageError
from tests.conftest import TinyModel


@pytest.mark.parametrize("space", ["lora[all]", "lora[q,v]"])
def test_what_every_site_at_a_rank_costs_is_that_rank(tiny_language_model: TinyModel, space: str) -> None:
    model = tiny_language_model("llama")
    assert mean_rank(model, budget="r=3", space=space) == 3


def test_parameters_are_divided_by_what_rank_1_costs_everywhere(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    linears = [model.get_submodule(f"model.layers.{i}.self_attn.q_proj").weight for i in range(3)]
    assert mean_rank(model, budget=100, space="lora[q]") == 100 / sum(sum(one.shape) for one in linears)


def test_a_budget_that_cannot_be_is_refused(tiny_language_model: TinyModel) -> None:
    with pytest.raises(UsageError, match="much"):
        mean_rank(tiny_language_model("llama"), budget="much", space="lora[all]")
