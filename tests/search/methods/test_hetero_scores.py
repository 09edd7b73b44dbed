"""The proxies by which HeteroLoRA chooses: what they look at while it trains."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.gate_policy import Step
from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.synflow_gradients import of_synflow_gradients
from proxies.registry import PROXIES
from search.methods.hetero import Hetero
from spaces.base_weight import base_weight
from spaces.errors import InputError, UsageError
from spaces.objective import Batch
from spaces.scaling import Scaling
from tests.objectives import TWO_CLASSES
from tests.search.methods.hetero_by_hand import RECIPE, budget, by_hand

ALLOWED = [name for name, proxy in PROXIES.items() if proxy.point in ("dense", "base", "none")]


def test_at_the_start_grad_norm_of_a_and_b_is_the_registrys_at_init(generic):
    """Two code paths: the candidate's own gradients, and G A^T; with B = 0 the gradient of A is zero. Modules
    have the rank at which ``init`` looks."""
    chosen = []
    for proxy in ("grad_norm", "grad_norm@init"):
        policy = Hetero(4 * generic.space.params_per_rank, proxy=proxy, multiple=2.0)
        assert {rank for _, rank in policy.start(generic.space).ranks} == {8}
        recipe = replace(RECIPE, epochs=1 / 8)
        *_, (course, _) = by_hand(generic, policy, seeds=range(4), recipe=recipe)
        chosen.append([course.history(slot)[0] for slot in range(4)])
    assert chosen[0] == chosen[1]
    assert len({frozenset(one) for one in chosen[0]}) > 1


@pytest.mark.parametrize("proxy", ["root:grad_norm", "snip", "synflow"])
def test_other_proxies_look_at_the_present_weights_with_all_modules_on(generic, proxy):
    """A search where modules that are off hold weights too, against a copy of the model with all merged."""
    policy = Hetero(budget(generic), proxy=proxy, frequency=5, batches=3)
    *_, (course, _) = by_hand(generic, policy, seeds=(0, 1), recipe=replace(RECIPE, epochs=0.25))
    stacked, sites, ranks = course.cohort.stacked, generic.space.sites, policy.start(generic.space)
    generator = torch.Generator().manual_seed(0)
    for site in sites:
        stacked.leaf[f"{site.name}.B"].detach().normal_(0, 0.2, generator=generator)
    with course.cohort.wires.attach(generic.model), course.cohort.head.attach():
        course.hooks.before([Step(0, 2, 16, 1e-2), Step(1, 2, 16, 1e-2)])
    assert list(course.history()) == [0, 2]
    for slot in (0, 1):
        own = {name: leaf.detach()[slot] for name, leaf in stacked.leaf.items()}
        own = {name: tensor.abs() if proxy == "synflow" else tensor for name, tensor in own.items()}
        model = copy.deepcopy(generic.model)
        for site in sites:
            weight, scale = base_weight(model, site), Scaling().factor("lora", ranks.rank(site.name))
            weight.copy_(
                (weight.abs() if proxy == "synflow" else weight)
                + scale * own[f"{site.name}.B"] @ own[f"{site.name}.A"]
            )
        model.classifier.weight.copy_(own["head.classifier.weight"])
        model.classifier.bias.copy_(own["head.classifier.bias"])
        if proxy == "synflow":
            g = of_synflow_gradients(lambda _, g: g, model, TWO_CLASSES, sites)
        else:
            g = dense_gradients(model, TWO_CLASSES, sites, scored_batches(generic, 3))
        w0 = {site.name: base_weight(generic.model, site) for site in sites}
        score = {n: g[n].norm() if proxy == "root:grad_norm" else (w0[n] * g[n]).abs().sum() for n in g}
        on = policy.choose(
            np.array([float(score[site.name]) for site in sites]),
            sites,
            np.array([ranks.rank(site.name) for site in sites]),
            rng=np.random.default_rng(0),
        )
        assert course.history(slot)[2] == {s.name for s, is_on in zip(sites, on, strict=True) if is_on}
        assert 0 < on.sum() < len(sites)


def scored_batches(planted, count):
    rows = planted.task.train
    for start in range(0, 8 * count, 8):
        index = np.arange(start, start + 8)
        arrays = padded_inputs(rows, index, pad_token_id=1)
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        yield Batch(inputs, torch.from_numpy(rows.labels[index]))


@pytest.mark.parametrize("proxy", [*ALLOWED, "ensemble:snip+synflow", "root:snr"])
def test_every_proxy_that_is_allowed_chooses_and_leaves_no_trace(generic, proxy):
    policy = Hetero(budget(generic), proxy=proxy, frequency=5, batches=3)
    recipe = replace(RECIPE, epochs=0.25)
    *_, (course, _) = by_hand(generic, replace(policy, frequency=8), seeds=(0, 1), recipe=recipe)
    cohort = course.cohort
    before = cohort.stacked.values.clone()
    with cohort.wires.attach(generic.model), cohort.head.attach():
        course.hooks.before([Step(0, 8, 16, 1e-2), Step(1, 8, 16, 1e-2)])
    assert [len(course.history(slot)) for slot in (0, 1)] == [3, 3]
    assert torch.equal(cohort.stacked.values, before)
    assert all(leaf.requires_grad and leaf.grad is None for leaf in cohort.stacked.leaf.values())


def test_scores_that_are_all_the_same_and_choices_that_choose_nothing_raise(generic, train):
    with pytest.raises(InputError, match="0 at every site"):
        train(generic, Hetero(budget(generic), proxy="snip@init"), recipe=RECIPE)
    with pytest.raises(UsageError, match="raise enabled"):
        train(generic, Hetero(budget(generic), enabled=0.05), recipe=RECIPE)  # floor(0.6)
    (idle,) = train(generic, Hetero(budget(generic), multiple=1.0), recipe=RECIPE)
    assert "raise multiple" in idle.evaluation.failure
    with pytest.raises(UsageError, match="too small"):
        Hetero(63).start(generic.space)
