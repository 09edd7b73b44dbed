"""Every referee on language models: within the budget, or refused with a reason before it trains."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pytest
import torch
from peft import PeftModel

from evaluators.data.model_inputs import batch_of
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Recipe
from evaluators.training.train_with_peft import train_with_peft
from search.compare.peft_configs import REFEREES, PeftCase
from spaces.errors import InputError
from spaces.find_sites import find_sites
from tests.doubling import doubling_task
from tests.model_types import tiny_language_model_of

RECIPE: Final = Recipe(epochs=2, batch_size=8, warmup=0.1)
MODELS: Final = {"llama": {"tie_word_embeddings": True}, "gpt2": {}}  # whose k and v are narrower; Conv1D
REFUSED: Final = {("peft-oft", "gpt2"): "no OFT for this model's Conv1D"}
ABOVE: Final = "peft-eva"  # may rise above the budget where sites differ in cost


@pytest.mark.parametrize("family", MODELS)
@pytest.mark.parametrize("name", REFEREES)
def test_a_referee_trains_a_language_model_or_is_refused(tiny_language_model, name, family):
    model, task = tiny_language_model(family, **MODELS[family]), doubling_task()
    sites = find_sites(model, "lora[q,v]")
    case = PeftCase(model, sites, 2000, task, RECIPE)
    if (name, family) in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name, family]):
            REFEREES[name](case)
        return
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    tuned: list[PeftModel] = []
    trained = train_with_peft(
        REFEREES[name](case),
        model,
        task,
        RECIPE,
        seed=0,
        learning_rate=1e-2,
        report_on=task.test,
        prepare=tuned.append,
    )
    assert trained.evaluation.failure is None
    assert np.isfinite(trained.evaluation.curve).all()
    assert 0 < trained.course.end <= 2000 or name == ABOVE
    assert dict(trained.evaluation.beside)["perplexity"] == pytest.approx(math.exp(trained.evaluation.loss))
    assert trained.evaluation.loss == pytest.approx(whole_loss(tuned[0], task.test), abs=1e-4)
    assert all(model.state_dict()[key].equal(value) for key, value in before.items())


@torch.no_grad()
def whole_loss(tuned: PeftModel, rows) -> float:
    """Of PEFT's own forward pass, row by row, every token with the same weight."""
    sums, targets = 0.0, 0.0
    for i in range(len(rows)):
        batch = batch_of(tuned, rows, [i])
        count = float(CausalLM().targets(batch.labels).sum())
        if count:
            logits = tuned(**batch.inputs).logits
            sums += float(CausalLM().losses_of(logits, batch.labels).sums.sum())
            targets += count
    return sums / targets


@pytest.mark.parametrize("name", REFEREES)
def test_linears_that_peft_refuses_are_refused_with_a_reason(name):
    model = tiny_language_model_of("mamba")
    case = PeftCase(model, find_sites(model, "lora[all]"), 2000, doubling_task(), RECIPE)
    if name in ("peft-oft", "peft-ia3"):  # which PEFT lets
        REFEREES[name](case)
        return
    with pytest.raises(InputError, match=r"incompatible with Mamba|takes no past keys"):
        REFEREES[name](case)
