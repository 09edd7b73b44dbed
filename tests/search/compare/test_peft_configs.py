"""Every referee within its budget and as large as it allows; each trains and leaves the model alone."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from peft import PeftModel

from evaluators.data.rows import Rows, padded_inputs
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Recipe
from evaluators.training.train_with_peft import train_with_peft
from evaluators.training.with_adapter import adapter_params
from search.compare.peft_configs import REFEREES, PeftCase
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling

RECIPE = Recipe(epochs=1, batch_size=8, warmup=0.1)
BUDGET = 2000


def rows_of(count: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    ids = tuple(np.r_[2, rng.integers(8, 100, rng.integers(4, 12)), 3].astype(np.int64) for _ in range(count))
    return Rows(ids, None, rng.integers(0, 2, count))


@pytest.fixture(scope="module")
def task() -> Task:
    return Task("random", Classification(("no", "yes")), rows_of(64, 0), rows_of(16, 1), rows_of(16, 2))


@pytest.fixture
def setting(tiny_model, task):
    """A budget on q and v of a tiny model, unless told otherwise."""

    def build(budget=BUDGET, *, space="lora[q,v]", family="bert", recipe=RECIPE) -> PeftCase:
        model = tiny_model(family)
        return PeftCase(model, find_sites(model, space), budget, task, recipe)

    return build


def size(name: str, setting: PeftCase) -> int:
    return adapter_params(setting.tuned(REFEREES[name](setting)))


@pytest.mark.parametrize("name", REFEREES)
def test_trains_within_the_budget_and_leaves_the_model_alone(name, setting, task):
    """And each row's logits are its own, however its batch was padded."""
    own = setting()
    before = {key: tensor.clone() for key, tensor in own.model.state_dict().items()}
    tuned: list[PeftModel] = []
    trained = train_with_peft(
        REFEREES[name](own),
        own.model,
        task,
        RECIPE,
        seed=0,
        learning_rate=1e-2,
        report_on=task.test,
        prepare=tuned.append,
    )
    assert trained.evaluation.failure is None
    assert math.isfinite(trained.evaluation.loss)
    assert len(trained.evaluation.curve) == 8
    assert np.isfinite(trained.evaluation.curve).all()
    assert 0 < trained.course.end <= BUDGET
    assert name == "peft-adalora" or trained.course.peak == trained.course.end
    torch.testing.assert_close(own.model.state_dict(), before, rtol=0, atol=0)
    with torch.no_grad():
        together, *alone = (
            tuned[0](
                **{k: torch.from_numpy(v) for k, v in padded_inputs(task.test, rows, pad_token_id=1).items()}
            )
            for rows in (range(4), *([i] for i in range(4)))
        )
    torch.testing.assert_close(
        together.logits, torch.cat([one.logits for one in alone]), atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("budget", [384 * 5 + 191, 384 * 5 + 192])
def test_each_is_the_largest_that_fits(setting, budget):
    """Closed forms for six linears of 32 inputs and outputs, 384 parameters a rank."""
    sizes = {
        "peft-lora": [r * 384 for r in range(1, 8)],
        "peft-rslora": [r * 384 for r in range(1, 8)],
        "peft-dora": [r * 384 + 192 for r in range(1, 8)],
        "peft-eva": [r * 384 for r in range(1, 8)],
        "peft-oft": [6 * 32 * (b - 1) // 2 for b in (2, 4, 8, 16, 32)],
        "peft-prefix": [tokens * 2 * 3 * 32 for tokens in range(1, 40)],
    }
    own = setting(budget)
    expected = {name: max(n for n in all_sizes if n <= budget) for name, all_sizes in sizes.items()}
    assert {name: size(name, own) for name in sizes} == expected
    config = REFEREES["peft-adalora"](own)
    assert config.target_r == max(r for r in range(1, 8) if r * (384 + 6) <= budget)
    assert config.init_r == math.ceil(1.5 * config.target_r)


def test_ia3_has_one_size_whatever_the_budget(setting):
    """A factor for each output, for each input at fc2."""
    assert size("peft-ia3", setting(500, space="lora[q,fc1,fc2]")) == 3 * (32 + 48 + 48)


@pytest.mark.parametrize("rule", ["alpha/r", "alpha/sqrt(r)", "constant"])
def test_the_factor_is_the_recipes(setting, rule):
    own = setting(recipe=dataclasses.replace(RECIPE, scaling=Scaling(rule, lora_alpha=12)))
    for name in ("peft-lora", "peft-dora", "peft-eva", "peft-adalora"):
        config = REFEREES[name](own)
        layer = own.tuned(config).get_base_model().get_submodule(own.targets[0])
        adaptive = name == "peft-adalora"
        rank = config.init_r if adaptive else config.r
        factor = layer.scaling["default"] / (rank if adaptive else 1)
        assert factor == pytest.approx(own.recipe.scaling.factor("lora", rank))
    config = REFEREES["peft-rslora"](own)
    layer = own.tuned(config).get_base_model().get_submodule(own.targets[0])
    assert layer.scaling["default"] == pytest.approx(12 / math.sqrt(config.r))


def test_only_the_linears_of_the_space_are_adapted(setting):
    own = setting(space="lora[v,fc1]+shortcut")
    tuned = own.tuned(REFEREES["peft-lora"](own)).get_base_model()
    adapted = {name for name, module in tuned.named_modules() if "default" in getattr(module, "lora_A", {})}
    layers = [f"bert.encoder.layer.{i}" for i in range(3)]
    assert adapted == {f"{x}.{y}" for x in layers for y in ("attention.self.value", "intermediate.dense")}


def test_a_space_without_linears_is_refused(setting):
    with pytest.raises(InputError, match="add lora to `space`"):
        setting(space="shortcut")


@pytest.mark.parametrize("name", [name for name in REFEREES if name != "peft-ia3"])
def test_a_budget_below_the_smallest_is_refused(name, setting):
    with pytest.raises(InputError, match="too small"):
        REFEREES[name](setting(95))


def test_a_prefix_leaves_the_texts_their_positions(setting, task):
    config = REFEREES["peft-prefix"](setting(10**6, family="roberta"))
    longest = max(len(ids) for rows in (task.train, task.validation, task.test) for ids in rows.input_ids)
    assert config.num_virtual_tokens == 64 - longest - 2
    own = setting(10**6, family="roberta")
    trained = train_with_peft(
        config, own.model, task, RECIPE, seed=0, learning_rate=1e-3, report_on=task.test
    )
    assert math.isfinite(trained.evaluation.loss)


@pytest.mark.parametrize("name", ["peft-lora", "peft-adalora", "peft-ia3"])
def test_a_fused_linear_is_adapted_whole(name, setting, task):
    own = setting(3000, family="gpt2")
    trained = train_with_peft(
        REFEREES[name](own), own.model, task, RECIPE, seed=0, learning_rate=1e-3, report_on=task.test
    )
    whole = {"peft-lora": 7 * 3 * 128, "peft-adalora": 7 * 3 * 129, "peft-ia3": 3 * 96}
    assert trained.course.end == whole[name]


@pytest.mark.parametrize(("name", "family"), [("peft-oft", "gpt2"), ("peft-prefix", "deberta-v2")])
def test_what_peft_cannot_do_to_a_model_is_refused(name, family, setting):
    with pytest.raises(InputError, match=f"leave {name} out"):
        REFEREES[name](setting(family=family))
