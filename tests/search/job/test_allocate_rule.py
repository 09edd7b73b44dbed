"""The scaling rule of an allocation where nobody names one."""

from __future__ import annotations

import pytest

from search.job.allocate import allocate
from tests.conftest import TinyModel
from tests.search.job.labelled_batches import batches_of


@pytest.mark.parametrize(("budget", "rule"), [("r=1", "alpha/r"), (300, "constant")])
def test_below_one_rank_at_every_site_constant_is_the_default(
    tiny_language_model: TinyModel, budget: str | int, rule: str
) -> None:
    model = tiny_language_model("llama")
    made, named = (
        allocate(model, batches_of(model), budget=budget, **own).to_dict() for own in ({}, {"scaling": rule})
    )
    assert made == named
