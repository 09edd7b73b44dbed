"""ALoRA: a round by hand, budgets at every round, the planted problem, and what a round leaves alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.gate_policy import Step
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_step import train_step
from search.allocation.uniform import uniform_allocation
from search.methods.alora import ALora, moved
from search.methods.gate_vector import GateVector
from spaces.errors import UsageError
from spaces.wires import initial_a
from tests.search.methods.begun import begun


def test_a_round_by_hand():
    """Sites of three ranks, two on; costs 2, 3, 2: the third site's first rank is the least important."""
    owner, costs = np.repeat([0, 1, 2], 3), np.repeat([2, 3, 2], 3)
    alive = np.tile([True, True, False], 3)
    importance = np.array([0.3, 0.4, 9, 0.8, 0.9, 9, 0.1, 0.2, 9])
    after = {
        (pruned, budget): moved(
            importance, alive, np.ones(9, bool), owner, costs, pruned=pruned, max_params=budget
        )
        for pruned, budget in ((1, 14), (2, 14), (1, 15), (3, 14))
    }
    on = {key: np.flatnonzero(value).tolist() for key, value in after.items()}
    assert on[1, 14] == [0, 1, 2, 3, 4, 7]  # site 1 is dearer than what was freed; site 0 gets it
    assert on[1, 15] == [0, 1, 3, 4, 5, 7]  # it can pay for site 1, which is more important
    assert on[2, 14] == [0, 1, 3, 4, 5]  # 4 were freed: one rank of site 1, and 1 is left
    assert on[3, 14] == [0, 1, 3, 4, 5]  # and where 6 were: site 1 is full then, so the best comes back


def test_no_round_spends_more_than_the_budget_or_leaves_what_fits():
    rng = np.random.default_rng(0)
    for _ in range(200):
        sizes = rng.integers(1, 6, 5)
        owner, costs = np.repeat(np.arange(5), sizes), np.repeat(rng.integers(3, 9, 5), sizes)
        loaded = rng.random(len(owner)) < 0.9
        alive = loaded & (rng.random(len(owner)) < 0.5)
        budget, pruned = int(costs[alive].sum() + rng.integers(0, 3)), int(rng.integers(1, 6))
        importance = rng.normal(size=len(owner))
        after = moved(importance, alive, loaded, owner, costs, pruned=pruned, max_params=budget)
        lost, left = set(owner[alive & ~after]), budget - costs[after].sum()
        assert left >= 0
        assert not (after & ~loaded).any()
        assert (alive & ~after).sum() <= pruned
        assert not lost & set(owner[after & ~alive])
        others = [o for o in np.unique(owner[alive]) if o not in lost]
        # a rank that went off could come back, and a module that lost none could grow
        assert not (alive & ~after & (costs <= left)).any()
        went = set(owner[np.flatnonzero(alive)[np.argsort(importance[alive])[:pruned]]])
        grows = np.isin(owner, [o for o in others if o not in went])
        assert not (loaded & ~after & grows & (costs <= left)).any()


def test_rounds_are_spread_from_the_first_quarter_to_the_third():
    assert ALora(1).rounds_at(120) == {30, 50, 70, 90}
    assert ALora(1, rounds=1).rounds_at(120) == {30}
    assert ALora(1).rounds_at(1) == set()


def test_the_budget_is_spent_at_the_start_at_every_round_and_at_the_end(planted, train):
    costs = [site.cost_per_rank for site in planted.space.sites]
    policy = ALora(2 * planted.space.params_per_rank + 100, pruned=4, batch=8)
    (trained,) = train(planted, policy, recipe=Recipe(epochs=8, batch_size=8))
    history = trained.course.history
    assert [step for step, _ in history] == [0, 16, 27, 37, 48]
    assert history[0][1] == uniform_allocation(planted.space, policy.max_params)
    for _, ranks in history:
        assert policy.max_params - max(costs) < planted.space.params(ranks) <= policy.max_params
    assert trained.allocation == history[-1][1]
    assert trained.course.peak == max(planted.space.params(ranks) for _, ranks in history)


def test_ranks_move_to_the_useful_sites(planted, train):
    """While the loss still falls: later a useful rank acts for the worse where it acts alone, as the head
    counts on the others, and equation 6 then prefers one that does nothing."""
    budget, recipe = 2 * planted.space.params_per_rank, Recipe(epochs=12, batch_size=8, warmup=0.1)
    policy = ALora(budget, headroom=4.0, rounds=3, between=0.12, pruned=6, batch=40)
    moments = [0, *sorted(policy.rounds_at(recipe.steps(60)))]
    shares = []
    for trained in train(planted, policy, recipe=recipe, seeds=(0, 1), learning_rate=1e-3):
        at = [[r for step, r in trained.course.history if step <= moment][-1] for moment in moments]
        shares.append([planted.share_useful(ranks) for ranks in at])
    mean = np.mean(shares, axis=0)
    assert mean[0] == pytest.approx(1 / 3)
    assert (np.diff(mean) > 0).all()
    assert mean[-1] > 0.8


def with_noise(cohort, off):
    """Puts noise where nothing trains, into the moments too; returns the weights as they are then."""
    noise = torch.randn(off.shape, generator=torch.Generator().manual_seed(0))
    for tensor in (cohort.stacked.values, cohort.optimizer.mean, cohort.optimizer.square):
        tensor[off] = noise[off].abs()
    return cohort.stacked.values.clone()


def factors_of(cohort, gates):
    """Of every gate, (slots, gates)."""
    factors, of = cohort.wires.factors, cohort.wires.gates
    return gates.of_sites({s.name: factors[s.name][:, None].expand_as(of[s.name]) for s in gates.sites})


def test_a_round_changes_the_outputs_by_what_it_prunes_alone(planted):
    """Ranks that are off hold noise here, as if they had been trained and pruned before."""
    policy = ALora(2 * planted.space.params_per_rank, pruned=5)
    larger = uniform_allocation(planted.space, policy.max_params + 500)
    candidates = [Candidate(policy.start(planted.space), 0, 1e-2), Candidate(larger, 1, 1e-2)]
    cohort, hooks = begun(planted, policy, candidates)
    gates = GateVector(cohort)
    rows, total = planted.task.validation, 40
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(9):
            steps = [Step(slot, number, total, 1e-2) for slot in (0, 1)]
            train_step(cohort, steps, planted.task.train, [np.arange(8)] * 2, hooks)
        before = gates.of_sites(cohort.wires.gates)
        off = ~hooks.trains([])  # what does not train
        values = with_noise(cohort, off)
        hooks.after([Step(slot, 9, total, 1e-2) for slot in (0, 1)])
        after, logits = gates.of_sites(cohort.wires.gates), cohort.outputs((0, 1), rows)
        fresh, kept = (after != 0) & (before == 0), (after != 0) & (before != 0)
        assert fresh.any(1).all()
        assert ((before != 0) & (after == 0)).any(1).all()
        torch.testing.assert_close(after[kept], before[kept], rtol=0, atol=0)
        trains = hooks.trains([])
        torch.testing.assert_close(
            cohort.stacked.values[trains & ~off], values[trains & ~off], rtol=0, atol=0
        )
        for moment in (cohort.optimizer.mean, cohort.optimizer.square):
            assert (moment[trains & off] == 0).all()
            assert (moment[off & ~trains] != 0).all()
        factors = factors_of(cohort, gates)
        for slot, candidate in enumerate(candidates):
            for index in np.flatnonzero(fresh[slot].numpy()):
                site, row = gates.sites[gates.owner[index]], gates.position[index]
                own = torch.from_numpy(initial_a(site, row + 1, seed=candidate.seed)[row])
                assert torch.equal(cohort.stacked.slot(f"{site.name}.A", slot)[row], own)
            gates.fix(slot, torch.where(kept, after / factors.clamp(min=1e-9), 0)[slot])
        torch.testing.assert_close(logits, cohort.outputs((0, 1), rows), rtol=0, atol=1e-6)


def test_candidates_of_one_cohort_are_as_each_alone(planted, tiny_model):
    """In a model where no two ranks tie; the second has less room, so that its ranks are padded."""
    planted = replace(planted, model=tiny_model("bert"))
    policy = ALora(2 * planted.space.params_per_rank, rounds=2, pruned=4, batch=16)
    recipe = Recipe(epochs=2, batch_size=8)
    room = uniform_allocation(planted.space, 3 * planted.space.params_per_rank)
    candidates = [Candidate(policy.start(planted.space), 0, 3e-3), Candidate(room, 1, 3e-3)]

    def run(members):
        return train_cohort(
            planted.model,
            planted.space.sites,
            planted.task,
            whole(members),
            recipe,
            slots=len(members),
            policy=policy,
        )

    for together, candidate in zip(run(candidates), candidates, strict=True):
        (alone,) = run([candidate])
        assert together.course == alone.course
        assert together.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=1e-4)


def test_it_fails_where_no_rank_could_move(planted, train):
    policy = ALora(2 * planted.space.params_per_rank, batch=8)
    (short,) = train(planted, policy, recipe=Recipe(epochs=0.1))
    (full,) = train(planted, replace(policy, headroom=1.0), recipe=Recipe(epochs=2))
    assert "train for more steps" in short.evaluation.failure
    assert "raise headroom" in full.evaluation.failure


@pytest.mark.parametrize("settings", [{"rounds": 6}, {"before": 0.0}, {"headroom": 0.5}, {"pruned": 0}])
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(UsageError, match="must be"):
        ALora(1000, **settings)


@pytest.mark.parametrize("steps", range(1, 8))
def test_rounds_that_fall_on_one_step_are_a_failure(planted, train, steps):
    """Each would be a round less, and be said by nobody."""
    policy = ALora(2 * planted.space.params_per_rank, batch=8)
    (trained,) = train(planted, policy, recipe=Recipe(epochs=steps / 5, batch_size=12))
    assert len(trained.evaluation.curve) == steps
    held = len(policy.rounds_at(steps))
    assert (trained.evaluation.failure is None) == (held == 4)
    if held < 4:
        assert f"hold {held} of 4 rounds; train for more steps" in trained.evaluation.failure
