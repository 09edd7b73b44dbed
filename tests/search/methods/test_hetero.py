"""HeteroLoRA against a slow re-implementation in plain PyTorch, counts by hand, and the planted problem."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.data_order import epoch_batches
from evaluators.training.gate_policy import GateHooks, Step
from evaluators.training.train import train_cohort, train_step
from proxies.measure.dense_gradients import dense_gradients, dense_synflow_gradients
from proxies.registry import PROXIES
from search.methods.gate_vector import GateVector
from search.methods.hetero import Hetero
from spaces.allocation import Allocation
from spaces.base_weight import base_weight
from spaces.errors import InputError, UsageError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.site import Site, Tap
from tests.objectives import TWO_CLASSES

RECIPE = Recipe(epochs=2, batch_size=8, warmup=0.1, weight_decay=0.1)  # 60 rows: 8 steps an epoch, 16 in all
FIVE_AN_EPOCH = [0, 2, 4, 5, 7, 8, 10, 12, 13, 15]  # k * 8 / 5, rounded up
ALLOWED = [name for name, proxy in PROXIES.items() if proxy.point in ("dense", "base", "none")]
TAP = Tap("block", "in")


def sites_of(lora: int, shortcuts: int, *, width: int = 8) -> list[Site]:
    names = [("q", "lora", i) for i in range(lora)] + [("res1", "residual", i) for i in range(shortcuts)]
    return [Site(f"layers.{i}.{role}", i, role, kind, width, width, TAP, TAP) for role, kind, i in names]


@pytest.fixture
def generic(planted, tiny_model):
    """The planted task on a model in which every one of twelve sites matters."""
    model = tiny_model("bert")
    space = SearchSpace(tuple(find_sites(model, "lora[v,o,fc1,fc2]")), (0, 1, 2, 4, 8))
    return replace(planted, model=model, space=space)


def budget(planted, rank: int = 2) -> int:
    """Of the uniform allocation at this rank."""
    return rank * planted.space.params_per_rank


@dataclass(frozen=True, eq=False)
class Course:
    """A cohort that is being trained by hand."""

    cohort: Cohort
    hooks: GateHooks

    def history(self, slot: int = 0) -> dict[int, set[str]]:
        """Which sites were on from each search's step on."""
        return {step: {name for name, _ in allocation.ranks} for step, allocation in self.hooks.history(slot)}


def by_hand(planted, policy, *, seeds=(0,), rate=1e-2, recipe=RECIPE) -> Iterator[tuple[Course, np.ndarray]]:
    """Trains a cohort step by step; gives it before the first and after each, with where it has trained."""
    candidates = [Candidate(policy.start(planted.space), seed, rate) for seed in seeds]
    sites, rows = planted.space.sites, planted.task.train
    cohort = Cohort(planted.model, sites, planted.task.objective, candidates, recipe, slots=len(seeds))
    hooks = policy.hooks(cohort, planted.task)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    total, lengths = recipe.steps(len(rows)), np.array([len(ids) for ids in rows.input_ids])
    batches = [
        [batch for epoch in range(9) for batch in epoch_batches(lengths, 8, seed=seed, epoch=epoch)]
        for seed in seeds
    ]
    with cohort.wires.attach(planted.model, renorm=recipe.renorm), cohort.head.attach():
        yield Course(cohort, hooks), np.zeros(0)
        for number in range(total):
            rising = round(recipe.warmup * total)
            factor = (number + 1) / rising if number < rising else (total - number) / (total - rising)
            steps = [Step(slot, number, total, rate * factor) for slot in range(len(seeds))]
            _, active = train_step(cohort, steps, rows, [own[number] for own in batches], hooks)
            yield Course(cohort, hooks), active.numpy()


def slowly(planted, policy, seed, *, rate=1e-2, recipe=RECIPE):
    """HeteroLoRA in plain PyTorch, one module at a time; the tensors by name, and what was on from when."""
    model, space, task = copy.deepcopy(planted.model), planted.space, planted.task
    start = policy.start(space)
    initial = Cohort(
        planted.model, space.sites, planted.task.objective, [Candidate(start, seed, rate)], recipe, slots=1
    )
    initial.load(0, Candidate(start, seed, rate))
    tensors = {name: leaf.detach()[0].clone() for name, leaf in initial.stacked.leaf.items()}
    for tensor in tensors.values():
        tensor.requires_grad_()
    on = {site.name: True for site in space.sites}
    for site in space.sites:
        a, b, scale = tensors[f"{site.name}.A"], tensors[f"{site.name}.B"], 16 / start.rank(site.name)

        def add(_, args, output, *, name=site.name, a=a, b=b, scale=scale):
            return output + scale * args[0] @ a.T @ b.T if on[name] else output

        model.get_submodule(site.target.module).register_forward_hook(add)
    head = {"classifier.weight": tensors["head.classifier.weight"]}
    head["classifier.bias"] = tensors["head.classifier.bias"]
    rows, lengths = task.train, np.array([len(ids) for ids in task.train.input_ids])

    def loss_of(index):
        arrays = padded_inputs(rows, index, pad_token_id=1)
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        logits = torch.func.functional_call(model, head, (), inputs).logits
        return torch.nn.functional.cross_entropy(logits, torch.from_numpy(rows.labels[index]))

    def clear():
        for tensor in tensors.values():
            tensor.grad = None

    moments = {name: (torch.zeros_like(t), torch.zeros_like(t)) for name, t in tensors.items()}
    taken = dict.fromkeys(tensors, 0)
    order = [index for epoch in range(2) for index in epoch_batches(lengths, 8, seed=seed, epoch=epoch)]
    choices = {}
    for number, index in enumerate(order):
        if number in FIVE_AN_EPOCH:
            on.update(dict.fromkeys(on, True))
            clear()
            for first in range(0, min(60, 8 * policy.batches), 8):
                loss_of(np.arange(first, min(first + 8, 60))).backward()
            scores = {n: float(tensors[f"{n}.A"].grad.norm() + tensors[f"{n}.B"].grad.norm()) for n in on}
            spent, chosen = 0, set()
            for site in sorted(space.sites, key=lambda site: -scores[site.name]):
                cost = site.cost_per_rank * start.rank(site.name)
                if spent + cost <= policy.max_params:
                    spent, chosen = spent + cost, chosen | {site.name}
            on.update({name: name in chosen for name in on})
            choices[number] = chosen
        clear()
        loss_of(index).backward()
        learning = {n: t for n, t in tensors.items() if n.startswith("head.") or on[n[:-2]]}
        torch.nn.utils.clip_grad_norm_(learning.values(), 1.0)
        eta = rate * ((number + 1) / 2 if number < 2 else (16 - number) / 14)
        for name, tensor in learning.items():
            mean, square = moments[name]
            mean.mul_(0.9).add_(0.1 * tensor.grad)
            square.mul_(0.999).add_(0.001 * tensor.grad**2)
            t = taken[name] = taken[name] + 1
            step = mean / (1 - 0.9**t) / ((square / (1 - 0.999**t)).sqrt() + 1e-8)
            with torch.no_grad():
                tensor.mul_(1 - eta * recipe.weight_decay).sub_(eta * step)
    return {name: tensor.detach() for name, tensor in tensors.items()}, moments, choices


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
            generic.model, generic.space.sites, generic.task, own, recipe, slots=slots, policy=policy
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


def test_at_the_start_grad_norm_of_a_and_b_is_the_registrys_at_init(generic):
    """Two code paths: the candidate's own gradients, and G A^T; with B = 0 the gradient of A is zero."""
    chosen = []
    for proxy in ("grad_norm", "grad_norm@init"):
        policy = Hetero(budget(generic), proxy=proxy, multiple=2.0)
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
            g = dense_synflow_gradients(model, TWO_CLASSES, sites)
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


def test_a_candidate_that_has_diverged_fails_alone(generic):
    policy = Hetero(budget(generic), frequency=5, batches=2)
    start = policy.start(generic.space)
    for proxy in ("grad_norm", "snip"):
        good, bad = train_cohort(
            generic.model,
            generic.space.sites,
            generic.task,
            [Candidate(start, 0, 1e-2), Candidate(start, 1, 1e30)],
            replace(RECIPE, epochs=0.5),
            slots=2,
            policy=replace(policy, proxy=proxy),
        )
        assert good.evaluation.failure is None
        assert "lower `lr`" in bad.evaluation.failure


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


def test_scores_that_are_all_the_same_and_choices_that_choose_nothing_raise(generic, train):
    with pytest.raises(InputError, match="0 at every site"):
        train(generic, Hetero(budget(generic), proxy="snip@init"), recipe=RECIPE)
    with pytest.raises(UsageError, match="raise enabled"):
        train(generic, Hetero(budget(generic), enabled=0.05), recipe=RECIPE)  # floor(0.6)
    (idle,) = train(generic, Hetero(budget(generic), multiple=1.0), recipe=RECIPE)
    assert "raise multiple" in idle.evaluation.failure
    with pytest.raises(UsageError, match="too small"):
        Hetero(63).start(generic.space)
