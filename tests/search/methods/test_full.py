"""Full fine-tuning against a copy of the model trained in plain PyTorch."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.train_step import train_step
from search.methods.full import Full

RECIPE = Recipe(batch_size=8, warmup=0.2, weight_decay=0.05, max_grad_norm=0.5)
RATE, TOTAL = 3e-4, 10


def batches(seed):
    """Of ten steps: (8,) each."""
    return [np.random.default_rng([seed, step]).permutation(60)[:8] for step in range(TOTAL)]


def rate_at(step):
    """Up over the first two steps, then down to zero."""
    return RATE * ((step + 1) / 2 if step < 2 else (TOTAL - step) / (TOTAL - 2))


def with_policy(planted, seeds, steps):
    """The cohort after so many steps, and the losses before each: (steps, seeds)."""
    policy = Full.of(planted.model)
    candidates = [Candidate(policy.start(planted.space), seed, RATE) for seed in seeds]
    cohort = Cohort(
        planted.model,
        planted.space.sites,
        planted.task.objective,
        candidates,
        RECIPE,
        slots=len(seeds),
        more=policy.shapes,
    )
    hooks, losses = policy.hooks(cohort, planted.task), []
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(steps):
            now = [Step(slot, number, TOTAL, rate_at(number)) for slot in range(len(seeds))]
            indices = [batches(seed)[number] for seed in seeds]
            losses.append(train_step(cohort, now, planted.task.train, indices, hooks)[0].tolist())
        logits = cohort.outputs(range(len(seeds)), planted.task.validation, around=hooks.around)
    return cohort, losses, logits


def inputs_of(model, rows, indices):
    arrays = padded_inputs(rows, indices, pad_token_id=model.config.pad_token_id)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def plainly(planted, seed, steps):
    """The model after so many steps of torch.optim.AdamW, and the loss before each."""
    model, rows, losses = copy.deepcopy(planted.model).requires_grad_(True), planted.task.train, []
    start, _, _ = with_policy(planted, [seed], 0)
    with torch.no_grad():
        for name, tensor in start.head.trained(0).items():
            model.get_parameter(name.removeprefix("head.")).copy_(tensor)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=RECIPE.weight_decay)
    for number, index in enumerate(batches(seed)[:steps]):
        optimizer.param_groups[0]["lr"] = rate_at(number)
        logits = model(**inputs_of(model, rows, index)).logits
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(rows.labels[index]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.max_grad_norm)
        optimizer.step()
        losses.append(float(loss.detach()))
    return model, losses


@pytest.mark.parametrize("steps", [1, TOTAL])
def test_steps_are_those_of_plain_fine_tuning(planted, steps):
    cohort, losses, logits = with_policy(planted, [0], steps)
    model, plain = plainly(planted, 0, steps)
    np.testing.assert_allclose(np.array(losses)[:, 0], plain, atol=1e-5)
    for name, parameter in model.base_model.named_parameters():
        if not name.endswith(
            "key.bias"
        ):  # softmax ignores it: its gradient is rounding, which AdamW blows up
            ours = cohort.stacked.slot(f"base.{name}", 0)
            torch.testing.assert_close(ours, parameter.detach(), atol=1e-5, rtol=0, msg=name)
    rows = planted.task.validation
    with torch.no_grad():
        own = model(**inputs_of(model, rows, np.arange(len(rows)))).logits
    torch.testing.assert_close(logits[0], own, atol=1e-5, rtol=0)


def test_two_slots_are_as_each_alone(planted):
    _, losses, logits = with_policy(planted, [3, 4], TOTAL)
    for slot, seed in enumerate((3, 4)):
        _, alone, own = with_policy(planted, [seed], TOTAL)
        np.testing.assert_allclose(np.array(losses)[:, slot], np.array(alone)[:, 0], atol=1e-5)
        torch.testing.assert_close(logits[slot], own[0], atol=1e-5, rtol=0)
    assert (logits[0] - logits[1]).abs().max() > 0.01


def test_the_model_stays_and_its_parameters_are_counted(planted, train):
    before = copy.deepcopy(planted.model.state_dict())
    policy = Full.of(planted.model)
    params = sum(parameter.numel() for parameter in planted.model.bert.parameters())
    recipe = Recipe(epochs=2, batch_size=8)
    first, second = train(planted, policy, recipe=recipe, seeds=(0, 1), learning_rate=1e-3)
    torch.testing.assert_close(planted.model.state_dict(), before, rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in planted.model.parameters())
    assert policy.max_params == params
    for trained in (first, second):
        assert trained.course.peak == trained.course.average == trained.course.end == params
        assert set(trained.tensors) == {"head.classifier.weight", "head.classifier.bias"}
    assert first.evaluation.curve != second.evaluation.curve


def test_a_tied_weight_is_one_copy_and_both_its_places_use_it(tiny_model, planted):
    model = tiny_model("bert")
    layers = model.bert.encoder.layer
    layers[2].output.dense.weight = layers[0].output.dense.weight
    policy = Full.of(model)
    tied = [name for name, _ in policy.model_shapes if name.endswith("layer.2.output.dense.weight")]
    assert not tied
    assert policy.max_params == sum(parameter.numel() for parameter in model.bert.parameters())
    candidate = Candidate(policy.start(planted.space), 0, RATE)
    cohort = Cohort(
        model, planted.space.sites, planted.task.objective, [candidate], RECIPE, slots=1, more=policy.shapes
    )
    hooks = policy.hooks(cohort, planted.task)
    hooks.start(0, candidate)
    with torch.no_grad(), cohort.head.attach():
        cohort.stacked.slot("base.encoder.layer.0.output.dense.weight", 0).zero_()
        batch = batch_of(model, planted.task.train, np.arange(4))
        cohort.load(0, candidate)
        ours, _ = hooks.around(planted.task.objective.losses, model, batch)
        layers[0].output.dense.weight.zero_()
        expected, _ = planted.task.objective.losses(model, batch)
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)
