"""The super-network against real wires, one gate setting at a time."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from transformers import BertForTokenClassification

from evaluators.objectives.own_loss import OwnLoss
from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.evidence import Evidence
from proxies.measure.gated_wires import settings_at_once
from proxies.measure.warm_up import WarmUp
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.search_space import SearchSpace
from tests.objectives import REGRESSION, TWO_CLASSES
from tests.proxies.attached_network import attached


def gate_settings(sites: int) -> np.ndarray:
    """All off, all on, one alone, one left out, factors, and a random half on: (6, sites)."""
    rng = np.random.default_rng(0)
    eye = np.eye(sites)
    factors, half = rng.uniform(-0.5, 1.5, sites), (rng.random(sites) < 0.5).astype(float)
    return np.stack([np.zeros(sites), np.ones(sites), eye[2], 1 - eye[-1], factors, half])


@pytest.mark.parametrize(
    ("family", "renorm"),
    [
        *((family, "preserve") for family in ("bert", "deberta-v2", "opt", "opt-post", "gpt2")),
        *((family, "paper") for family in ("bert", "deberta-v2", "opt-post")),
    ],
)
def test_settings_evaluated_together_equal_real_wires_one_by_one(warm, loss_by_hand, family, renorm):
    evidence = warm(family=family, renorm=renorm)
    gates = gate_settings(len(evidence.space.sites))
    together = evidence.super_network.losses(gates)
    expected = [loss_by_hand(evidence, setting) for setting in gates]
    np.testing.assert_allclose(together, expected, atol=1e-5)
    assert np.ptp(together) > 1e-3


def test_chunks_of_settings_change_nothing(warm):
    network = warm().super_network
    gates = gate_settings(len(network.sites))
    more = settings_at_once(18, torch.device("cpu")) + 2  # than share a pass: a batch has 18 tokens
    chunked = network.losses(np.resize(gates, (more, len(network.sites))))
    np.testing.assert_allclose(chunked, np.resize(network.losses(gates), more), rtol=1e-6)


def test_a_model_of_its_own_loss_is_asked_one_setting_at_a_time(tiny_model, batches):
    """Its loss is one number a forward pass, whatever rows of whatever settings are in it."""
    model = BertForTokenClassification(tiny_model("bert").config).eval().requires_grad_(False)
    tagged = [Batch(batch.inputs, batch.inputs["input_ids"] % 2) for batch in batches]
    space = SearchSpace(find_sites(model, "lora[q,v,fc1]"), (0, 1, 2, 8))
    warm_up = WarmUp(steps=5, rank=3, learning_rate=2e-2, held_batches=2)
    evidence = Evidence(model, OwnLoss(), tagged, space, seed=0, warm_up=warm_up)
    network = evidence.super_network
    gates = gate_settings(len(network.sites))
    together = network.losses(gates)
    assert together.tolist() == [float(network.losses(setting[None])[0]) for setting in gates]
    assert len(set(together.tolist())) == len(gates)
    with torch.no_grad(), attached(evidence, network):
        own = [float(model(**b.inputs, labels=b.labels).loss) for b in network.held]
    assert together[1] == pytest.approx(np.mean(own), rel=1e-5)


def test_the_loss_is_the_mean_over_rows_of_batches_of_any_size(warm):
    network = warm().super_network
    batch, other = network.held
    row = Batch({name: tensor[:1] for name, tensor in other.inputs.items()}, other.labels[:1])
    gates = np.ones((1, len(network.sites)))
    expected = (2 * network.losses(gates, [batch]) + network.losses(gates, [row])) / 3
    np.testing.assert_allclose(network.losses(gates, [batch, row]), expected, rtol=1e-12)


def test_a_regression_is_measured_by_its_squared_error(warm):
    evidence = warm(objective=REGRESSION, num_labels=1)
    network = evidence.super_network
    with torch.no_grad(), attached(evidence, network):
        errors = [(evidence.model(**b.inputs).logits[:, 0] - b.labels).square() for b in network.held]
    (loss,) = network.losses(np.ones((1, len(network.sites))))
    assert loss == pytest.approx(float(torch.cat(errors).mean()), rel=1e-5)


def test_training_twice_gives_identical_wires_heads_and_losses(warm):
    one, two = warm().super_network, warm().super_network
    assert one.curve == two.curve
    for name, wire in one.wires.items():
        assert torch.equal(wire.a, two.wires[name].a)
        assert torch.equal(wire.b, two.wires[name].b)
        assert wire.b.any()
    assert all(torch.equal(tensor, two.head[name]) for name, tensor in one.head.items())
    gates = np.ones((1, len(one.sites)))
    np.testing.assert_array_equal(one.losses(gates), two.losses(gates))


def test_training_lowers_the_loss_of_what_it_trains_on(tiny_model, batches, evidence):
    network = Evidence(
        evidence.model, TWO_CLASSES, batches[:2], evidence.space, seed=0, warm_up=WarmUp(learning_rate=1e-2)
    ).super_network
    assert np.mean(network.curve[-4:]) < 0.5 * np.mean(network.curve[:4])
    assert len(network.curve) == WarmUp().steps


def test_the_model_is_left_as_it_was(warm):
    evidence = warm()
    model = evidence.model
    model.classifier.requires_grad_(True)
    modes = [module.training for module in model.modules()]
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    before = copy.deepcopy(model.state_dict())
    network = evidence.super_network
    network.losses(gate_settings(len(network.sites)))
    _ = network.gradients, network.gradients_without_wires, network.synflow_gradients
    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == wanted
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_held_batches_are_never_trained_on(evidence, batches):
    def trained_on(changed: int) -> torch.Tensor:
        some = [
            dataclasses.replace(b, labels=1 - b.labels) if i == changed else b for i, b in enumerate(batches)
        ]
        network = Evidence(
            evidence.model, TWO_CLASSES, some, evidence.space, seed=0, warm_up=WarmUp(steps=3)
        ).super_network
        return network.wires["layers.0.q"].b

    as_they_are = trained_on(-1)
    assert torch.equal(trained_on(2), as_they_are)  # the last of three is held
    assert not torch.equal(trained_on(1), as_they_are)


def test_the_rank_is_at_most_the_grids_largest(evidence, batches):
    warm_up = WarmUp(steps=1, rank=16)
    network = Evidence(
        evidence.model, TWO_CLASSES, batches, evidence.space, seed=0, warm_up=warm_up
    ).super_network
    assert network.rank == 8
    wire = network.wires["layers.0.q"]
    assert (wire.a.shape, wire.b.shape, wire.factor) == ((8, 32), (32, 8), 2.0)


def test_the_gradients_of_the_wires_are_those_that_g_gives_around_them(warm):
    evidence = warm()
    network = evidence.super_network
    with attached(evidence, network):
        around = dense_gradients(evidence.model, TWO_CLASSES, network.sites, network.held)
    bare = dense_gradients(evidence.model, TWO_CLASSES, network.sites, network.held)
    for name, gradient in network.gradients.items():
        wire = network.wires[name]
        torch.testing.assert_close(gradient, wire.gradient(around[name]), rtol=1e-4, atol=1e-6)
        assert not torch.allclose(gradient.of_b, wire.gradient(bare[name]).of_b, rtol=1e-2)


def test_a_loss_that_stops_being_finite_is_refused(evidence, batches):
    warm_up = WarmUp(learning_rate=1e30)
    diverging = Evidence(evidence.model, TWO_CLASSES, batches, evidence.space, seed=0, warm_up=warm_up)
    with pytest.raises(
        InputError, match=r"loss became .* at step \d+ of 24; lower the warm-up's learning_rate"
    ):
        _ = diverging.super_network
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in evidence.model.modules())


def test_a_warm_up_that_was_refused_is_not_trained_again(evidence, batches):
    trained = []
    evidence.model.register_forward_hook(lambda *_: trained.append(1))
    warm_up = WarmUp(learning_rate=1e30)
    diverging = Evidence(evidence.model, TWO_CLASSES, batches, evidence.space, seed=0, warm_up=warm_up)
    steps = []
    for name in ("solo", "solo_linear"):
        with pytest.raises(InputError, match="lower the warm-up's learning_rate"):
            score_sites([PROXIES[name]], diverging)
        steps.append(len(trained))
    assert 0 < steps[0] == steps[1]


def test_gates_of_another_shape_are_refused(warm):
    network = warm().super_network
    with pytest.raises(ValueError, match=rf"gates \(1, 3\) must be \(settings, {len(network.sites)}\)"):
        network.losses(np.ones((1, 3)))
