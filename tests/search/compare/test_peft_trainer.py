"""A referee trains as its workload says, also where that spares memory."""

from __future__ import annotations

import pytest
import torch

from evaluators.base.base_model import ModelSource
from evaluators.executors.workload import Workload
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import whole
from evaluators.training.sparing import Sparing
from search.compare.peft_trainer import Referee
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from tests.doubling import doubling_task


@pytest.mark.parametrize(
    ("sparing", "passes"),
    [(Sparing(), 1), (Sparing(gradient_checkpointing=True), 2), (Sparing(micro_batch_size=2), 4)],
)
def test_a_step_has_the_passes_that_the_workload_asks_for(tiny_language_model, sparing, passes):
    model, seen = tiny_language_model("llama"), []
    source = ModelSource("base", None, architecture="causal_lm")
    recipe, sites = Recipe(epochs=0.01, batch_size=8), tuple(find_sites(model, "lora[q]"))
    workload = Workload(source, doubling_task(), sites, recipe, sparing=sparing)
    handle = model.model.layers[0].mlp.register_forward_pre_hook(
        lambda *_: seen.append(torch.is_grad_enabled())
    )
    try:
        legs = whole([Candidate(Allocation.of({}), 0, 1e-3)])
        (trained,) = Referee("peft-lora", 1000)(model, workload, legs, lambda _: None)
    finally:
        handle.remove()
    assert len(trained.evaluation.curve) == 1
    assert sum(seen) == passes
