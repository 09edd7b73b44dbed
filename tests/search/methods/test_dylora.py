"""DyLoRA against LoRA at a rank that does not change, brute force over the ranks, and its distributions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import stats

from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import Step
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_step import train_step
from search.methods.dylora import DyLora
from search.methods.lora import Lora
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import SCALING_RULES, Scaling
from spaces.search_space import SearchSpace

SHORT = Recipe(epochs=2, batch_size=8, warmup=0.1)
MODES = [{}, {"distribution": "geometric"}, {"updates": "row"}, {"loss": "sum"}]


class Uncut:
    """DyLoRA that ends at the b of its last step, its gates as they were then."""

    def __init__(self, policy):
        self.policy, self.start, self.shapes = policy, policy.start, policy.shapes

    def hooks(self, cohort, task):
        return dataclasses.replace(self.policy.hooks(cohort, task), finish=lambda _: None)


@dataclasses.dataclass(frozen=True, slots=True)
class AlwaysOf(DyLora):
    """DyLoRA that draws the same b at every step."""

    b: int = 1

    def probabilities(self, largest):
        return np.eye(largest)[self.b - 1]


def assert_same_runs(ours, others, atol=1e-5):
    for one, other in zip(ours, others, strict=True):
        np.testing.assert_allclose(one.evaluation.curve, other.evaluation.curve, atol=atol)
        assert one.evaluation.loss == pytest.approx(other.evaluation.loss, abs=atol)
        assert one.evaluation.metric == other.evaluation.metric
        assert one.allocation == other.allocation
        assert one.tensors.keys() == other.tensors.keys()
        for name, tensor in one.tensors.items():
            torch.testing.assert_close(tensor, other.tensors[name], rtol=0, atol=atol)


def filled(cohort, candidates, hooks):
    """A cohort whose slots hold these candidates, with random tensors in place of the initial ones."""
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    draw = torch.randn(cohort.stacked.values.shape, generator=torch.Generator().manual_seed(0))
    cohort.stacked.values.copy_(0.15 * draw)


def named(cohort, stacked):
    """The parts of a (C, P) array by the names of the tensors."""
    sizes = [leaf[0].numel() for leaf in cohort.stacked.leaf.values()]
    parts = zip(cohort.stacked.leaf.items(), stacked.split(sizes, dim=1), strict=True)
    return {name: part.reshape(leaf.shape) for (name, leaf), part in parts}


@pytest.mark.parametrize("b", [1, 3])
@pytest.mark.parametrize("rule", SCALING_RULES)
def test_at_a_rank_that_does_not_change_it_is_lora_of_that_rank(planted, train, b, rule):
    unit, recipe = planted.space.params_per_rank, dataclasses.replace(SHORT, scaling=Scaling(rule))
    ours = train(planted, Uncut(AlwaysOf(4 * unit, multiple=1, b=b)), recipe=recipe, seeds=(0, 1))
    plain = train(planted, Lora(b * unit), recipe=recipe, seeds=(0, 1))
    assert all(one.tensors[f"{site.name}.B"].any() for one in ours for site in planted.space.sites[3:6])
    assert ours[0].course.peak == plain[0].course.peak == b * unit
    assert_same_runs(ours, plain)


@pytest.mark.parametrize("mode", MODES)
def test_where_the_largest_rank_is_one_it_is_lora(planted, train, mode):
    unit = planted.space.params_per_rank
    ours = train(planted, DyLora(unit, multiple=1, **mode), recipe=SHORT, seeds=(0, 1))
    assert_same_runs(ours, train(planted, Lora(unit), recipe=SHORT, seeds=(0, 1)))


@pytest.mark.parametrize(
    ("distribution", "pmf"),
    [("uniform", np.full(8, 1 / 8)), ("geometric", stats.geom.pmf(range(1, 9), 0.15))],
)
def test_what_is_drawn_follows_the_distribution_and_belongs_to_the_candidate(planted, distribution, pmf):
    policy = DyLora(8 * planted.space.params_per_rank, multiple=1, distribution=distribution)
    site = planted.space.sites[0]
    space = SearchSpace((site,), (0, 1))
    candidates = [Candidate(space.allocation([8]), seed, 1e-2) for seed in (0, 1)]
    drawn = []
    for order, count in ((candidates, 1500), (candidates[::-1], 150)):
        cohort = Cohort(planted.model, space.sites, planted.task.objective, candidates, SHORT, slots=2)
        hooks = policy.hooks(cohort, planted.task)
        for slot, candidate in enumerate(order):
            cohort.load(slot, candidate)
            hooks.start(slot, candidate)
        steps, counts = [Step(0, 0, 1, 1e-2), Step(1, 0, 1, 1e-2)], []
        for _ in range(count):
            hooks.before(steps)
            counts.append((cohort.wires.gates[site.name] != 0).sum(1))
        drawn.append(torch.stack(counts, dim=1).numpy())
    np.testing.assert_array_equal(drawn[0][:, :150], drawn[1][::-1])
    assert not np.array_equal(drawn[0][0], drawn[0][1])
    for own in drawn[0]:
        assert stats.chisquare(np.bincount(own, minlength=9)[1:], 1500 * pmf / pmf.sum()).pvalue > 0.01


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_the_gates_are_the_first_b_at_the_scale_of_b(planted, rule):
    """Equation 7, with the recipe's rule; rank 2 of a site is all of it where b is above."""
    scaling = Scaling(rule, lora_alpha=16, shortcut_alpha=4, reference_rank=8)
    sites = [s for s in find_sites(planted.model, "lora[q]+residual[res1]") if s.layer == 0]
    lora, shortcut = (next(site for site in sites if site.kind == kind) for kind in ("lora", "residual"))
    candidates = [
        Candidate(Allocation.of({lora.name: 5, shortcut.name: 2}), 0, 1e-2),
        Candidate(Allocation.of({lora.name: 3}), 1, 1e-2),
    ]
    recipe = dataclasses.replace(SHORT, scaling=scaling)
    cohort = Cohort(planted.model, sites, planted.task.objective, candidates, recipe, slots=2)
    hooks = DyLora(1).hooks(cohort, planted.task)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    seen = set()
    for _ in range(40):
        hooks.before([Step(0, 0, 1, 1e-2), Step(1, 0, 1, 1e-2)])
        gates = cohort.wires.gates
        b, other = ((gates[lora.name] != 0).sum(1)).tolist()
        for site, rank, row in ((lora, b, 0), (shortcut, min(b, 2), 0), (lora, other, 1), (shortcut, 0, 1)):
            wanted = np.zeros(5 if site is lora else 2)
            wanted[:rank] = scaling.factor(site.kind, rank)
            np.testing.assert_allclose(gates[site.name][row].numpy(), wanted, rtol=1e-6)
        seen.add((b, other))
    assert {b for b, _ in seen} == {1, 2, 3, 4, 5}
    assert {other for _, other in seen} == {1, 2, 3}


@pytest.mark.parametrize("updates", ["all", "row"])
def test_a_step_moves_the_rows_it_should_and_no_other_bit(planted, monkeypatch, updates):
    """Equation 10, and what is above b: values and moments, with decay and moments from steps before."""
    policy = DyLora(1, updates=updates)
    candidates = [
        Candidate(Allocation.of({site.name: rank for site in planted.space.sites}), seed, 1e-2)
        for seed, rank in ((0, 5), (1, 4))
    ]
    cohort = Cohort(planted.model, planted.space.sites, planted.task.objective, candidates, SHORT, slots=2)
    hooks = policy.hooks(cohort, planted.task)
    filled(cohort, candidates, hooks)
    cohort.optimizer.mean.fill_(0.1)
    cohort.optimizer.square.fill_(0.1)
    first = planted.space.sites[0].name
    with cohort.wires.attach(planted.model), cohort.head.attach():
        for number in range(5):
            state = (cohort.stacked.values, cohort.optimizer.mean, cohort.optimizer.square)
            old = [tensor.clone() for tensor in state]
            steps = [Step(0, number, 10, 1e-2), Step(1, number, 10, 1e-2)]
            batches = [np.arange(8), np.arange(8, 16)]
            train_step(cohort, steps, planted.task.train, batches, hooks)
            drawn = (cohort.wires.gates[first] != 0).sum(1).tolist()
            for before, after in zip(old, state, strict=True):
                for name, moved in named(cohort, before != after).items():
                    for b, own in zip(drawn, moved, strict=True):
                        lines = own.T if name.endswith(".B") else own
                        index = torch.arange(len(lines)) + 1
                        learns = index == b if updates == "row" else index <= b
                        if name.startswith("head."):
                            learns = torch.ones(len(own), dtype=torch.bool)
                        assert not lines[~learns].any()
                        assert lines[learns].float().mean() > 0.9


def test_the_sum_is_of_the_losses_of_all_ranks_and_so_is_its_gradient(planted):
    """Brute force: for every b a plain cohort of one, which holds the first b rows and columns."""
    ranks, batches = (4, 2), [np.arange(8), np.arange(8, 14)]
    candidates = [
        Candidate(Allocation.of({site.name: rank for site in planted.space.sites}), seed, 1e-2)
        for seed, rank in enumerate(ranks)
    ]
    cohort = Cohort(planted.model, planted.space.sites, planted.task.objective, candidates, SHORT, slots=2)
    hooks = DyLora(1, loss="sum").hooks(cohort, planted.task)
    filled(cohort, candidates, hooks)
    steps, rows = [Step(0, 0, 1, 1e-2), Step(1, 0, 1, 1e-2)], planted.task.train
    with cohort.wires.attach(planted.model), cohort.head.attach():
        hooks.before(steps)
        own = cohort.losses([0, 1], rows, batches)
        total = own.sum() + hooks.penalty(steps, lambda: cohort.losses([0, 1], rows, batches))
        gradient = named(cohort, cohort.stacked.gradient(total))
    wanted_loss, wanted = 0.0, {name: torch.zeros_like(part) for name, part in gradient.items()}
    for slot, rank in enumerate(ranks):
        for b in range(1, rank + 1):
            cut = dataclasses.replace(
                candidates[slot], allocation=Allocation.of({s.name: b for s in planted.space.sites})
            )
            alone = Cohort(planted.model, planted.space.sites, planted.task.objective, [cut], SHORT, slots=1)
            alone.load(0, cut)
            for name, leaf in alone.stacked.leaf.items():
                rows_of, columns = (slice(None, n) for n in (*leaf[0].shape, 0)[:2])
                part = cohort.stacked.slot(name, slot)
                leaf.detach()[0] = part[rows_of, columns] if leaf.dim() == 3 else part
            with alone.wires.attach(planted.model), alone.head.attach():
                loss = alone.losses([0], rows, [batches[slot]]).sum()
                for name, part in named(alone, alone.stacked.gradient(loss)).items():
                    target = wanted[name][slot]
                    corner = target[: part.shape[1], : part.shape[2]] if part.dim() == 3 else target
                    corner += part[0]
            wanted_loss += loss.item()
        assert own[slot].item() == pytest.approx(loss.item(), abs=1e-5)
    assert total.item() == pytest.approx(wanted_loss, abs=1e-4)
    for name, part in wanted.items():
        torch.testing.assert_close(gradient[name], part, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_two_in_a_cohort_equal_two_alone_whatever_they_begin_with(planted, mode):
    """Ranks 4 and 2 in two slots, and a third candidate that gets the slot of one that has finished."""
    names = [site.name for site in planted.space.sites]
    candidates = [
        Candidate(Allocation.of(dict.fromkeys(names, 4)), 0, 1e-2),
        Candidate(Allocation.of(dict.fromkeys(names[1:], 2)), 1, 1e-2),
        Candidate(Allocation.of(dict.fromkeys(names, 3)), 2, 1e-2),
    ]
    policy = DyLora(round(1.5 * planted.space.params_per_rank), **mode)
    recipe = dataclasses.replace(SHORT, epochs=1)

    def run(candidates):
        return train_cohort(
            planted.model,
            planted.space.sites,
            planted.task,
            whole(candidates),
            recipe,
            slots=2,
            policy=policy,
        )

    together = run(candidates)
    assert_same_runs(together, [run([candidate])[0] for candidate in candidates], atol=1e-4)
    for one in together:
        assert planted.space.params(one.allocation) <= policy.max_params
