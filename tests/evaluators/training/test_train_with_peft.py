"""PEFT's methods under our trainer: against our own cohorts, and against plain PyTorch loops."""

from __future__ import annotations

import dataclasses
from copy import deepcopy

import numpy as np
import pytest
import torch
from peft import AdaLoraConfig, EvaConfig, LoraConfig, PeftModel

from evaluators.data.rows import Rows, padded_inputs
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.objectives.regression import Regression
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Recipe, Trained
from evaluators.training.data_order import epoch_batches
from evaluators.training.gate_policy import NeverActedError
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_with_peft import train_with_peft
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.wires import initial_a
from tests.doubling import doubling_task

RECIPE = Recipe(epochs=3, batch_size=8, warmup=0.1, weight_decay=0.01)
STEPS = 24


def rows_of(count: int, seed: int) -> Rows:
    """Rows whose label says whether token 7 is among them."""
    rng = np.random.default_rng(seed)
    ids = tuple(np.r_[2, rng.integers(8, 100, rng.integers(4, 12)), 3].astype(np.int64) for _ in range(count))
    labels = rng.integers(0, 2, count)
    for row, label in zip(ids, labels, strict=True):
        row[rng.integers(1, len(row) - 1)] = 7 if label else 8
    return Rows(ids, None, labels)


def as_numbers(rows: Rows) -> Rows:
    return Rows(rows.input_ids, None, rows.labels.astype(np.float32) * 2 - 1)


@pytest.fixture(scope="module")
def task() -> Task:
    return Task("planted", Classification(("no", "yes")), rows_of(60, 0), rows_of(40, 1), rows_of(40, 2))


@pytest.fixture
def train(model, task):
    """Trains a config on the tiny model; gives what came of it, and the model that it was trained on."""

    def run(config, *, seed=0, learning_rate=3e-3, recipe=RECIPE) -> tuple[Trained, PeftModel]:
        tuned: list[PeftModel] = []
        rows = task.validation
        options = {"seed": seed, "learning_rate": learning_rate, "report_on": rows, "prepare": tuned.append}
        return train_with_peft(config, model, task, recipe, **options), tuned[0]

    return run


def adalora(**settings) -> AdaLoraConfig:
    options = {"init_r": 4, "target_r": 2, "lora_alpha": 16, "total_step": STEPS, "tinit": 3, "tfinal": 12}
    return AdaLoraConfig(target_modules=["query", "value"], **{**options, **settings})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("family", "labels"), [("bert", 2), ("roberta", 2), ("bert", 1)])
def test_lora_is_our_own_uniform_lora_once_it_starts_from_our_a(tiny_model, task, family, labels, dtype):
    """Head, batches, schedule, clipping, AdamW, scaling and evaluation are the same on both sides."""
    model = tiny_model(family, num_labels=labels).to(dtype)
    apart, rate = (1e-4, 3e-3) if dtype == torch.float32 else (2e-2, 3e-4)
    if labels == 1:
        rows = [as_numbers(part) for part in (task.train, task.validation, task.test)]
        task = Task("planted", Regression("pearson"), *rows)
    sites = find_sites(model, "lora[q,v]")
    candidate = Candidate(Allocation.of({site.name: 4 for site in sites}), 5, rate)
    (ours,) = train_cohort(model, sites, task, whole([candidate]), RECIPE, slots=1, report_on=task.test)

    tuned: list[PeftModel] = []

    def start_from_ours(made: PeftModel) -> None:
        tuned.append(made)
        for site in sites:
            layer = made.get_base_model().get_submodule(site.target.module)
            layer.lora_A["default"].weight.data.copy_(torch.from_numpy(initial_a(site, 4, seed=5)))

    steps: list[int] = []
    theirs = train_with_peft(
        LoraConfig(r=4, lora_alpha=16, target_modules=["query", "value"]),
        model,
        task,
        RECIPE,
        seed=5,
        learning_rate=rate,
        report_on=task.test,
        prepare=start_from_ours,
        on_step=steps.append,
    )
    assert len(theirs.evaluation.curve) == len(steps) == STEPS
    np.testing.assert_allclose(theirs.evaluation.curve, ours.evaluation.curve, atol=apart)
    if dtype == torch.float32:  # in 16 bits a row's answer may be either of two that are equally likely
        assert theirs.evaluation.metric == pytest.approx(ours.evaluation.metric, abs=1e-4)
    assert theirs.evaluation.loss == pytest.approx(ours.evaluation.loss, abs=apart)
    head = tuned[0].get_base_model().classifier.modules_to_save["default"]
    for name, tensor in head.named_parameters():
        torch.testing.assert_close(tensor.data, ours.tensors[f"head.classifier.{name}"], rtol=0, atol=1e-3)
    assert (theirs.course.peak, theirs.course.average) == (ours.course.peak, ours.course.average)
    assert theirs.course.end == ours.course.peak


@pytest.mark.parametrize("rule", ["alpha/r", "alpha/sqrt(r)"])
def test_a_language_model_trains_as_in_a_cohort_of_ours(tiny_language_model, rule):
    """The loss is transformers' own on one side, ours in chunks on the other; rsLoRA is a rule of ours."""
    recipe = dataclasses.replace(RECIPE, scaling=Scaling(rule), epochs=4)
    model, task = tiny_language_model("llama"), doubling_task()
    sites = find_sites(model, "lora[q,v]")
    candidate = Candidate(Allocation.of({site.name: 4 for site in sites}), 5, 3e-3)
    (ours,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1, report_on=task.test)

    def start_from_ours(tuned: PeftModel) -> None:
        for site in sites:
            layer = tuned.get_base_model().get_submodule(site.target.module)
            layer.lora_A["default"].weight.data.copy_(torch.from_numpy(initial_a(site, 4, seed=5)))

    targets, rooted = ["q_proj", "v_proj"], rule == "alpha/sqrt(r)"
    config = LoraConfig(r=4, lora_alpha=16, target_modules=targets, use_rslora=rooted)
    theirs = train_with_peft(
        config, model, task, recipe, seed=5, learning_rate=3e-3, report_on=task.test, prepare=start_from_ours
    )
    np.testing.assert_allclose(theirs.evaluation.curve, ours.evaluation.curve, atol=1e-4)
    assert len(theirs.evaluation.curve) == 20
    assert theirs.evaluation.metric == theirs.evaluation.loss
    assert theirs.evaluation.loss == pytest.approx(ours.evaluation.loss, abs=1e-4)
    assert dict(theirs.evaluation.beside) == pytest.approx(dict(ours.evaluation.beside), abs=1e-3)


def test_adalora_equals_a_plain_loop_with_the_penalty_written_out(model, task):
    """As PEFT has the penalty: the mean of all ||AA' - I|| and ||B'B - I||."""
    start: list[PeftModel] = []
    options = {"seed": 0, "learning_rate": 3e-3, "report_on": task.validation}
    config = adalora(orth_reg_weight=0.3)
    trained = train_with_peft(
        config, model, task, RECIPE, prepare=lambda tuned: start.append(deepcopy(tuned)), **options
    )
    (tuned,) = start
    matrices = [p for name, p in tuned.named_parameters() if ".lora_A." in name or ".lora_B." in name]
    parameters = [p for p in tuned.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1.0, weight_decay=RECIPE.weight_decay)
    lengths, curve = np.array([len(ids) for ids in task.train.input_ids]), []
    for step, batch in enumerate(b for e in range(3) for b in epoch_batches(lengths, 8, seed=0, epoch=e)):
        inputs = {k: torch.from_numpy(v) for k, v in padded_inputs(task.train, batch, pad_token_id=1).items()}
        labels = torch.from_numpy(task.train.labels[batch])
        loss = torch.nn.functional.cross_entropy(tuned(**inputs).logits, labels)
        grams = [m @ m.T if m.shape[0] == 4 else m.T @ m for m in matrices]
        penalty = torch.stack([(gram - torch.eye(4)).norm() for gram in grams]).mean()
        optimizer.zero_grad()
        (loss + 0.3 * penalty).backward()
        torch.nn.utils.clip_grad_norm_(parameters, RECIPE.max_grad_norm)
        optimizer.param_groups[0]["lr"] = 3e-3 * linear_schedule(step, STEPS, warmup=RECIPE.warmup)
        optimizer.step()
        tuned.base_model.update_and_allocate(step)
        curve.append(loss.item())
    np.testing.assert_allclose(trained.evaluation.curve, curve, atol=1e-5)


def test_adaloras_ranks_change_and_are_counted(train):
    trained, tuned = train(adalora(), learning_rate=1e-2)
    modules = tuned.named_modules()
    alive = [
        int((module.lora_E["default"] != 0).sum()) for _, module in modules if hasattr(module, "ranknum")
    ]
    assert len(alive) == 6
    assert sum(alive) == 6 * 2
    assert len(set(alive)) > 1
    assert trained.course.peak == trained.course.average == 6 * 4 * (32 + 32 + 1)
    assert trained.course.end == sum(alive) * (32 + 32 + 1)


@pytest.mark.parametrize("total", [STEPS * 2, STEPS * 10])
def test_adalora_that_is_not_done_cutting_raises(train, total):
    with pytest.raises(NeverActedError, match=r"target_r=2.*train for more steps"):
        train(adalora(total_step=total, tinit=total // 4))


def test_eva_starts_from_the_principal_components_of_the_inputs(train, model, task):
    """A's rows hold as much of the variance as any as many directions can."""
    targets = ["encoder.layer.0.attention.self.query"]
    config = LoraConfig(r=4, init_lora_weights="eva", eva_config=EvaConfig(rho=1.0), target_modules=targets)
    _, tuned = train(config, recipe=dataclasses.replace(RECIPE, epochs=0.01), learning_rate=1e-12)
    name = f"base_model.model.bert.{targets[0]}.lora_A.default.weight"
    a = tuned.get_parameter(name).detach()
    with torch.no_grad():
        inputs = [model.bert.embeddings(torch.from_numpy(ids)[None])[0] for ids in task.train.input_ids]
    x = torch.cat(inputs)
    x = x - x.mean(dim=0)
    best = torch.linalg.svdvals(x)[:4].square().sum()
    torch.testing.assert_close(a @ a.T, torch.eye(4), atol=1e-4, rtol=0)
    assert (x @ a.T).square().sum() > 0.97 * best


def test_eva_moves_ranks_between_sites_and_keeps_their_sum(train):
    """Down to none at two of the six sites."""
    targets = ["query", "value"]
    config = LoraConfig(r=1, init_lora_weights="eva", eva_config=EvaConfig(), target_modules=targets)
    trained, tuned = train(config)
    ranks = [len(p) for name, p in tuned.named_parameters() if ".lora_A." in name]
    assert sorted(ranks) == [1, 1, 2, 2]
    assert trained.course.peak == trained.course.end == 6 * 64
    assert trained.evaluation.failure is None


def test_eva_with_too_few_tokens_in_a_batch_says_so(train):
    config = LoraConfig(r=16, init_lora_weights="eva", eva_config=EvaConfig(), target_modules=["query"])
    with pytest.raises(InputError, match="at least 32 tokens"):
        train(config, recipe=dataclasses.replace(RECIPE, batch_size=1))


def test_seeds_decide_everything_and_leave_torchs_generator_alone(train):
    config, recipe = LoraConfig(r=2, target_modules=["query"]), dataclasses.replace(RECIPE, epochs=1)
    state = torch.random.get_rng_state()
    first, again, other = (train(config, seed=seed, recipe=recipe)[0] for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first.evaluation.curve == again.evaluation.curve
    assert first.evaluation.curve != other.evaluation.curve
    assert first.evaluation.candidate == Candidate(Allocation.of({}), 0, 3e-3)


def test_a_run_that_diverges_is_marked(train):
    trained, _ = train(LoraConfig(r=2, target_modules=["query"]), learning_rate=1e30)
    assert "training loss became nan at step" in trained.evaluation.failure
    assert trained.evaluation.metric is None
    assert "lower the learning rate of 1e+30" in trained.evaluation.failure
    assert len(trained.evaluation.curve) < STEPS
    assert trained.evaluation.seconds > 0
    assert trained.course is None


def test_a_run_that_does_not_fit_is_marked(model, task):
    def need(_):
        raise torch.OutOfMemoryError("planted\nand more")

    trained = train_with_peft(
        LoraConfig(r=2, target_modules=["query"]),
        model,
        task,
        RECIPE,
        seed=0,
        learning_rate=3e-3,
        report_on=task.validation,
        on_step=need,
    )
    assert trained.evaluation.failure == "out of memory with one candidate at a time: planted"
