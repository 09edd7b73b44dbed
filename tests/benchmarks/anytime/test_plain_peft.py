"""A user's own training learns what can be learned, and repeats itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.anytime.plain_peft import PlainTraining
from evaluators.data.rows import Rows
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Recipe
from search.sampling.configuration import Configuration
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.conftest import TinyModel


@pytest.fixture
def rows() -> Rows:
    """Whose first token is the label, plus four."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 48)
    tokens = tuple(np.array([4 + label, *rng.integers(6, 50, rng.integers(2, 6))]) for label in labels)
    return Rows(tokens, None, labels)


def test_a_plain_training_learns_and_repeats_itself(
    tiny_model: TinyModel, rows: Rows, tmp_path: Path
) -> None:
    model = tiny_model("bert", initializer_range=0.02)
    model.save_pretrained(tmp_path)
    sites = find_sites(model, "lora[q,v]")
    space = SearchSpace(tuple(sites), (0, 2, 4))
    recipe = Recipe(epochs=4, batch_size=4)
    train = PlainTraining(str(tmp_path), 2, space, rows, rows, recipe, seed=0)
    plan = space.allocation([4, 2, 0, 4, 2, 4])
    first = train(Configuration(plan, 1e-2, "alpha/sqrt(r)"))
    again = train(Configuration(plan, 1e-2, "alpha/sqrt(r)"))
    slow = train(Configuration(plan, 1e-7, "alpha/sqrt(r)"))
    assert first.loss == again.loss
    assert first.loss is not None
    assert slow.loss is not None
    assert first.loss < 0.6 < slow.loss
    assert first.seconds > 0


def test_its_steps_have_the_rates_that_everybody_elses_have(
    tiny_model: TinyModel, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rates, step = tiny_model("bert"), list[float](), torch.optim.AdamW.step
    model.save_pretrained(tmp_path)

    def noted(optimizer: torch.optim.AdamW) -> None:
        rates.append(optimizer.param_groups[0]["lr"])
        step(optimizer)

    monkeypatch.setattr("torch.optim.AdamW.step", noted)
    space = SearchSpace(tuple(find_sites(model, "lora[q]")), (0, 2))
    recipe = Recipe(epochs=1, batch_size=6, warmup=0.25)
    plan = space.allocation([2] * len(space.sites))
    PlainTraining(str(tmp_path), 2, space, rows, rows, recipe, seed=0)(Configuration(plan, 0.1, "alpha/r"))
    assert rates == pytest.approx([0.1 * linear_schedule(n, 8, warmup=0.25) for n in range(8)])
    assert rates[0] > 0
