"""HeteroLoRA against a slow re-implementation in plain PyTorch, counts by hand, and the planted problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from search.methods.gate_vector import GateVector
from search.methods.hetero import Hetero
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site, Tap
from tests.search.methods.hetero_by_hand import FIVE_AN_EPOCH, RECIPE, budget, by_hand, slowly

TAP = Tap("block", "in")


def sites_of(lora: int, shortcuts: int, *, width: int = 8) -> list[Site]:
    names = [("q", "lora", i) for i in range(lora)] + [("res1", "residual", i) for i in range(shortcuts)]
    return [Site(f"layers.{i}.{role}", i, role, kind, width, width, TAP, TAP) for role, kind, i in names]


def test_dynamic_is_the_slow_re_implementation(generic):
    policy = Hetero(budget(generic), frequency=5, multiple=2.0, batches=2)
    *_, (course, _) = by_hand(generic, policy, seeds=(0, 7))
    for slot, seed in enumerate((0, 7)):
        tensors, moments, choices = slowly(generic, policy, seed)
        assert course.history(slot) == choices
        assert list(choices) == FIVE_AN_EPOCH
        assert len(set(map(frozenset, choices.values()))) > 2  # it did move
        cohort = course.cohort
        for name, tensor in tensors.items():
            torch.testing.assert_close(cohort.stacked.slot(name, slot), tensor, atol=1e-5, rtol=1e-4)
        mean = torch.cat([moments[name][0].flatten() for name in cohort.stacked.leaf])
        torch.testing.assert_close(cohort.optimizer.mean[slot], mean, atol=1e-5, rtol=1e-3)


def test_what_is_off_stays_bit_for_bit_with_its_moments_and_what_is_on_learns(generic):
    policy, seen, before = Hetero(budget(generic), frequency=5, multiple=2.0, batches=2), set(), None
    for course, active in by_hand(generic, policy, seeds=(0, 1), rate=3e-2):
        optimizer = course.cohort.optimizer
        state = torch.stack([optimizer.values, optimizer.mean, optimizer.square]).numpy().copy()
        if before is not None:
            assert (state == before)[:, ~active].all()
            assert (state != before)[0, active].mean() > 0.9
            gates = GateVector(course.cohort)
            on = gates.of_sites(course.cohort.wires.gates) != 0
            assert (gates.entries(on).numpy() == active).all()
            for slot in (0, 1):
                trained = course.cohort.params_at(slot, torch.from_numpy(active))
                assert trained == generic.space.params(course.cohort.wires.ranks(slot))
            seen.add(active.tobytes())
        before = state
    assert len(seen) > 2


@pytest.mark.parametrize(
    ("allotment", "enabled", "modules", "lora", "shortcuts"),
    [
        ("combined", 0.25, 16, 0, 3),  # floor(1.5) + round(2.5) = 1 + 2 places in one list
        ("combined", 0.5, 16, 2, 6),  # 3 + 5; two LoRA modules are above all shortcuts
        ("separated", 0.25, 16, 1, 2),
        ("separated", 0.5, 16, 3, 5),
        ("separated", 0.29, 16, 1, 3),
        ("combined", None, 12, 2, 10),
        ("separated", None, 8, 3, 5),  # 6 and 10 sixteenths of the budget
        ("separated", None, 7, 2, 5),  # 2.6 and 4.4: the shortcuts take what is left
        ("combined", 0.5, 4, 2, 2),  # the budget holds whatever is enabled
        ("separated", 0.5, 4, 1, 3),
    ],
)
def test_places_by_hand(allotment, enabled, modules, lora, shortcuts):
    """6 LoRA modules and 10 shortcuts of 32 parameters each; the budget pays for so many ``modules``."""
    scores = np.r_[[3.0, 2.0, 1.0, 0.5, 0.4, 0.3], np.linspace(10, 20, 10)]
    if lora == 2 and allotment == "combined" and enabled:
        scores[:2] = 30.0
    policy = Hetero(32 * modules, enabled=enabled, allotment=allotment)
    on = policy.choose(scores, sites_of(6, 10), np.full(16, 2), rng=np.random.default_rng(0))
    assert (on[:6].sum(), on[6:].sum()) == (lora, shortcuts)
    assert on[:lora].all()
    assert on[16 - shortcuts :].all()


def test_ties_fall_uniformly_at_random_and_only_ties():
    sites, ranks = sites_of(8, 0), np.full(8, 1)
    scores = np.array([1.0, 5.0, 1.0, 1.0, 1.0, 9.0, 1.0, 0.0])
    draws = [
        Hetero(16 * 4).choose(scores, sites, ranks, rng=np.random.default_rng(seed)) for seed in range(1000)
    ]
    share = np.mean(draws, axis=0)
    np.testing.assert_allclose(share, [0.4, 1, 0.4, 0.4, 0.4, 1, 0.4, 0], atol=0.06)


@pytest.mark.parametrize(
    ("sites", "uniform_rank", "rank"),
    [(8, 2, 8), (8, 2.4, 10), (8, 0.3, 1), (8, 10, 32), (2, 3, 6), (1, 2, 2)],
)
def test_the_one_rank_is_a_multiple_of_the_uniform_rank(sites, uniform_rank, rank):
    """32 is full rank; where there are but two sites, four times the uniform rank would fit at none."""
    space = SearchSpace(tuple(sites_of(sites, 0, width=32)), (0, 1))
    start = Hetero(round(uniform_rank * space.params_per_rank)).start(space)
    assert [own for _, own in start.ranks] == [rank] * sites


def test_searches_are_where_the_frequency_puts_them(generic):
    for frequency, expected in (
        (5, FIVE_AN_EPOCH),
        (0, [0]),
        (0.5, [0]),
        (100, list(range(16))),
    ):
        policy = Hetero(budget(generic), proxy="constant", frequency=frequency)
        *_, (course, _) = by_hand(generic, policy)
        assert list(course.history()) == expected


def test_random_choices_come_from_the_seed_and_the_search_until_constant_epochs_are_over(generic):
    constant = Hetero(budget(generic), proxy="constant", frequency=5)
    mixed = Hetero(budget(generic), frequency=5, constant_epochs=1.0, batches=2)
    *_, (random, _) = by_hand(generic, constant, seeds=(3,))
    *_, (course, _) = by_hand(generic, mixed, seeds=(3,))
    names = [site.name for site in generic.space.sites]
    for number, (step, on) in enumerate(random.history().items()):
        order = named_generator(3, f"hetero.{number}").permutation(12)
        assert names[order[0]] in on
        if step < 8:
            assert course.history()[step] == on
    assert [course.history()[step] == random.history()[step] for step in FIVE_AN_EPOCH[5:]] != [True] * 5


@pytest.mark.parametrize(
    "policy", [Hetero(624, batches=4), Hetero(624, frequency=5, batches=4)], ids=["static", "dynamic"]
)
def test_it_finds_the_useful_sites_within_the_budget(planted, train, policy):
    assert policy.max_params == budget(planted, 1)
    recipe = Recipe(epochs=2, batch_size=8, warmup=0.1)
    for trained in train(planted, policy, recipe=recipe, seeds=(0, 1, 2)):
        assert 0.9 * policy.max_params < planted.space.params(trained.allocation) <= policy.max_params
        assert planted.share_useful(trained.allocation) > 0.95
        assert trained.course.peak <= policy.max_params


def test_random_choices_do_not_find_them(planted, train):
    recipe = Recipe(epochs=1, batch_size=8, warmup=0.1)
    everyone = train(planted, Hetero(624, proxy="constant"), recipe=recipe, seeds=range(8))
    assert np.mean([planted.share_useful(trained.allocation) for trained in everyone]) < 0.7


def test_slots_of_other_seeds_and_ranks_do_not_meet(generic):
    """In one cohort, one after another in one slot, and padded to one another's ranks."""
    policy = Hetero(budget(generic), frequency=5, multiple=2.0, batches=2)
    recipe, start = replace(RECIPE, epochs=0.75), policy.start(generic.space)
    smaller = Allocation.of({name: 3 for name, _ in start.ranks[1:]})  # 3 in place of 4, one site less
    candidates = [Candidate(start, 0, 1e-2), Candidate(smaller, 1, 3e-3), Candidate(start, 2, 1e-2)]
    runs = [
        train_cohort(
            generic.model, generic.space.sites, generic.task, whole(own), recipe, slots=slots, policy=policy
        )
        for own, slots in ((candidates, 3), (candidates, 2), *(([one], 1) for one in candidates))
    ]
    together, queued, alone = runs[0], runs[1], [run[0] for run in runs[2:]]
    for others in (queued, alone):
        for one, other in zip(together, others, strict=True):
            assert one.course.history == other.course.history
            assert one.tensors.keys() == other.tensors.keys()
            for name, tensor in one.tensors.items():
                torch.testing.assert_close(tensor, other.tensors[name], atol=1e-4, rtol=1e-3)
    assert together[0].course.history != together[2].course.history


def test_shortcuts_can_be_searched_with_and_without_a_second_norm(generic):
    sites = tuple(find_sites(generic.model, "lora[q,v]+shortcut"))
    wider = replace(generic, space=SearchSpace(sites, (0, 1, 2)))
    policy = Hetero(wider.space.params_per_rank, frequency=5, allotment="separated", batches=1)
    for renorm in ("preserve", "paper"):
        recipe = replace(RECIPE, epochs=0.5, renorm=renorm)
        *_, (course, _) = by_hand(wider, policy, seeds=(0, 1), recipe=recipe)
        kinds = {site.name: site.kind for site in sites}
        for on in course.history().values():
            assert sum(kinds[name] == "lora" for name in on) == 6 * 1 // 4
    snip = replace(policy, proxy="snip")
    assert len(list(by_hand(wider, snip, recipe=replace(RECIPE, epochs=0.25)))) == 3
    with pytest.raises(UsageError, match="preserve"):
        next(by_hand(wider, snip, recipe=replace(RECIPE, renorm="paper")))


@pytest.mark.parametrize("proxy", ["grad_norm", "snip"])
def test_a_candidate_that_has_diverged_fails_alone(generic, proxy):
    """A search precedes every step."""
    policy = Hetero(budget(generic), frequency=100, batches=2)
    start = policy.start(generic.space)
    for rate in (1e18, 1e30):  # after a step its weights are finite still, or no more
        good, bad = train_cohort(
            generic.model,
            generic.space.sites,
            generic.task,
            whole([Candidate(start, 0, 1e-2), Candidate(start, 1, rate)]),
            replace(RECIPE, epochs=0.5),
            slots=2,
            policy=replace(policy, proxy=proxy),
        )
        assert good.evaluation.failure is None
        assert f"lower the learning rate of {rate:g}" in bad.evaluation.failure


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"proxy": "solo"}, "choose from .*grad_norm"),
        ({"proxy": "ensemble:snip+grad_norm@warm"}, "present weights"),
        ({"proxy": "adam_signal", "frequency": 5}, "present weights"),
        ({"proxy": "nonsense"}, "unknown"),
        ({"constant_epochs": 1.0}, "frequency"),
        ({"enabled": 0.0}, "share"),
        ({"multiple": 0.0}, "above 0"),
        ({"allotment": "both"}, "combined or separated"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, hint):
    with pytest.raises(UsageError, match=hint):
        Hetero(1000, **settings)
