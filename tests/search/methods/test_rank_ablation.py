"""Batched ablations against one model run each, with the wires merged into plain weights."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from search.methods.gate_vector import GateVector
from search.methods.rank_ablation import rank_losses
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from tests.doubling import doubling_task


def trained_cohort(planted, space, *, renorm="preserve"):
    """Two slots of different ranks, with weights and gates as if both had been trained; the sites."""
    sites = find_sites(planted.model, space)
    allocations = [Allocation.of({s.name: (i + j) % 4 for j, s in enumerate(sites)}) for i in (0, 1)]
    candidates = [Candidate(allocation, seed, 1e-2) for seed, allocation in enumerate(allocations)]
    cohort = Cohort(planted.model, sites, planted.task.objective, candidates, Recipe(renorm=renorm), slots=2)
    draw = torch.Generator().manual_seed(0)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        cohort.stacked.values[slot] += 0.1 * torch.randn(cohort.stacked.values[slot].shape, generator=draw)
        for name, gate in list(cohort.wires.gates.items()):
            on = gate[slot] != 0
            cohort.wires.set_gate(slot, name, on * (0.5 + torch.rand(on.shape, generator=draw)))
    return cohort, sites


def settings_of(cohort, count):
    size = len(GateVector(cohort).costs)
    random = np.random.default_rng(0).integers(0, 2, (count - 2, size))
    return torch.from_numpy(np.vstack([np.ones((1, size)), random, np.zeros((1, size))]))


@torch.no_grad()
def merged_loss(planted, cohort, sites, slot, setting, indices):
    """Of a copy of the model whose weights are W + B diag(g) A, with the slot's head."""
    model, start = copy.deepcopy(planted.model), 0
    for site in cohort.wires.sites:
        gate = cohort.wires.gates[site.name][slot]
        g = gate * setting[start : (start := start + len(gate))].float()
        a, b = (cohort.stacked.slot(f"{site.name}.{key}", slot) for key in "AB")
        model.get_submodule(site.target.module).weight += b @ torch.diag(g) @ a
    for key in ("weight", "bias"):
        model.get_parameter(f"classifier.{key}").copy_(cohort.stacked.slot(f"head.classifier.{key}", slot))
    rows = planted.task.validation
    inputs = padded_inputs(rows, indices, pad_token_id=model.config.pad_token_id)
    logits = model(**{name: torch.from_numpy(array) for name, array in inputs.items()}).logits
    return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(rows.labels[indices])))


@pytest.mark.parametrize("slot", [0, 1])
def test_losses_are_those_of_one_merged_model_per_setting(planted, slot):
    cohort, sites = trained_cohort(planted, "lora[q,v,fc1]")
    settings, indices = settings_of(cohort, 50), np.arange(3, 15)  # more than one chunk of settings
    with cohort.wires.attach(planted.model), cohort.head.attach():
        losses = rank_losses(cohort, slot, settings, planted.task.validation, indices)
    brute = [merged_loss(planted, cohort, sites, slot, setting, indices) for setting in settings]
    assert np.std(brute) > 0.01
    np.testing.assert_allclose(losses, brute, atol=1e-5)


def test_every_target_of_a_language_model_weighs_the_same(tiny_language_model):
    """Rows come in parts by length, and long ones have more targets."""
    language = SimpleNamespace(model=tiny_language_model("llama"), task=doubling_task())
    cohort, _ = trained_cohort(language, "lora[q,up]")
    rows, indices = language.task.train, np.arange(16)
    settings = torch.ones(2, len(GateVector(cohort).costs))
    with cohort.wires.attach(language.model), cohort.head.attach(), torch.no_grad():
        (expected,) = cohort.losses([1], rows, [indices])
        losses = rank_losses(cohort, 1, settings, rows, indices)
    np.testing.assert_allclose(losses, float(expected), rtol=1e-5)


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_shortcuts_too_as_if_each_setting_had_been_put_into_the_gates(planted, renorm):
    cohort, _ = trained_cohort(planted, "lora[q]+shortcut", renorm=renorm)
    gates, settings, indices = GateVector(cohort), settings_of(cohort, 12), np.arange(8)
    before = {name: gate.clone() for name, gate in cohort.wires.gates.items()}
    rows, one_by_one = planted.task.validation, []
    with cohort.wires.attach(planted.model, renorm=renorm), cohort.head.attach(), torch.no_grad():
        losses = rank_losses(cohort, 1, settings, rows, indices)
        assert cohort.stacked.selected == (0, 1)
        torch.testing.assert_close(cohort.wires.gates, before, rtol=0, atol=0)
        factor = gates.of_sites({n: f[:, None].expand_as(before[n]) for n, f in cohort.wires.factors.items()})
        own = gates.of_sites(before)[1] / factor[1].where(factor[1] != 0, torch.ones(()))
        for setting in settings:
            gates.fix(1, own * setting.float())
            one_by_one.append(float(cohort.losses([1], rows, [indices])))
    np.testing.assert_allclose(losses, one_by_one, atol=1e-5)
