"""FLOP against the base model at its start, and a model of multiplied factors in plain PyTorch at its end."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.train_step import train_step
from search.methods.flop import Flop
from search.methods.gate_vector import GateVector
from spaces.base_weight import base_weight
from spaces.errors import InputError, UsageError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.search.methods.watched_gates import WatchedGates

RECIPE = Recipe(epochs=20, batch_size=8, warmup=0.1)


def plain_logits(model, rows):
    arrays = padded_inputs(rows, range(len(rows.labels)), pad_token_id=model.config.pad_token_id)
    with torch.no_grad():
        return model(**{name: torch.from_numpy(array) for name, array in arrays.items()}).logits


def started(planted, policy, seeds, rate=1e-3):
    candidates = [Candidate(policy.start(planted.space), seed, rate) for seed in seeds]
    cohort = Cohort(
        planted.model,
        planted.space.sites,
        planted.task.objective,
        candidates,
        RECIPE,
        slots=len(seeds),
        more=policy.shapes,
    )
    hooks = policy.hooks(cohort, planted.task)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    return cohort, hooks


def with_head(planted, cohort, slot):
    """A copy of the model with a slot's head."""
    model = copy.deepcopy(planted.model)
    with torch.no_grad():
        for name, tensor in cohort.head.trained(slot).items():
            model.get_parameter(name.removeprefix("head.")).copy_(tensor)
    return model


def test_the_factorised_model_gives_the_base_models_logits_at_the_start(planted):
    cohort, hooks = started(planted, Flop(0), (0, 1))
    hooks.before([Step(slot, 0, 100, 1e-3) for slot in range(2)])
    with cohort.wires.attach(planted.model), cohort.head.attach():
        logits = cohort.outputs([0, 1], planted.task.validation, around=hooks.around)
    for slot in range(2):
        expected = plain_logits(with_head(planted, cohort, slot), planted.task.validation)
        torch.testing.assert_close(logits[slot], expected, atol=1e-4, rtol=0)


def test_logits_at_the_end_are_those_of_multiplied_factors_in_plain_pytorch(planted):
    """Two slots at other learning rates, from a cohort trained step by step."""
    cohort, hooks = started(planted, Flop(0, density=0.5), (0, 1))
    before = {name: tensor.clone() for name, tensor in planted.model.state_dict().items()}
    gates, rng = GateVector(cohort), np.random.default_rng(0)
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(20):
            steps = [Step(slot, number, 20, 1e-3) for slot in range(2)]
            indices = [rng.integers(0, 60, 8) for _ in steps]
            train_step(cohort, steps, planted.task.train, indices, hooks)
        for slot in range(2):
            hooks.finish(slot)
        logits = cohort.outputs([0, 1], planted.task.validation, around=hooks.around)
    for slot in range(2):
        model, tensors = with_head(planted, cohort, slot), cohort.wires.trained(slot)
        for site in gates.sites:
            a, b = (cohort.stacked.slot(f"{site.name}.{key}", slot) for key in "AB")
            gate = cohort.wires.gates[site.name][slot]  # the factor is in it: with g alone it would be 1
            base_weight(model, site).copy_(b @ torch.diag(gate) @ a)
            rank = int((gate != 0).sum())
            assert 0 <= gate.min() <= gate.max() <= 1
            if rank:
                merged = RECIPE.scaling.factor("lora", rank) * (
                    tensors[f"{site.name}.B"] @ tensors[f"{site.name}.A"]
                )
                torch.testing.assert_close(merged, base_weight(model, site), atol=1e-5, rtol=1e-4)
        expected = plain_logits(model, planted.task.validation)
        torch.testing.assert_close(logits[slot], expected, atol=1e-4, rtol=0)
    after = planted.model.state_dict()
    assert all(after[name].equal(tensor) for name, tensor in before.items())


@pytest.mark.parametrize("density", [0.65, 0.5])
def test_the_density_is_met_in_expectation_and_in_what_is_left(planted, train, density):
    found = {}

    def see(gates, slot):
        kept = torch.sigmoid(gates.log_theta[slot].detach() - 2 / 3 * np.log(0.1 / 1.1)).numpy()
        found[slot] = sum(kept[i] * gates.gates.costs[i] for i in range(len(kept)))

    replaced = sum(site.d_in * site.d_out for site in planted.space.sites)
    full = sum(site.max_rank * (site.cost_per_rank + 1) for site in planted.space.sites)  # and its gates
    policy = WatchedGates(Flop(0, density=density), see)
    runs = train(planted, policy, recipe=RECIPE, seeds=(0, 1), learning_rate=1e-3)
    for slot, trained in enumerate(runs):
        assert found[slot] / replaced == pytest.approx(density, rel=0.02)
        left = planted.space.params(trained.allocation)
        assert density * replaced * 0.98 < left <= density * replaced
        assert trained.course.end == left
        assert trained.course.peak == full


def test_shortcuts_are_left_out_and_other_linears_refused(planted, tiny_model):
    sites = find_sites(planted.model, "lora[q]+shortcut")
    assert {name[-1] for name, _ in Flop(0).start(SearchSpace(tuple(sites), (0, 1))).ranks} == {"q"}
    gpt2 = tiny_model("gpt2")
    with pytest.raises(InputError, match="of the roles q:"):
        Flop(0).start(SearchSpace(tuple(find_sites(gpt2, "lora[q,fc1]")), (0, 1)))
    space = SearchSpace(tuple(find_sites(gpt2, "lora[fc1]")), (0, 1))
    policy = Flop(0)
    cohort = Cohort(
        gpt2,
        space.sites,
        planted.task.objective,
        [Candidate(policy.start(space), 0, 1e-3)],
        RECIPE,
        slots=1,
        more=policy.shapes,
    )
    with pytest.raises(InputError, match="of the roles fc1:"):
        policy.hooks(cohort, planted.task)
    deberta = SearchSpace(tuple(find_sites(tiny_model("deberta-v2"), "lora[q,v]")), (0, 1))
    with pytest.raises(InputError, match="of the roles q:"):
        policy.start(deberta)


def test_a_density_above_one_is_refused():
    with pytest.raises(UsageError, match="density"):
        Flop(0, density=1.5)
