"""Every method of the registry keeps the contract of gate policies; specs are read as typed."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch

from evaluators.adapters.adapter import load_adapter, save_adapter
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import outputs_of, score_trained
from evaluators.training.gate_policy import GatePolicy
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from search.methods.hetero import Hetero
from search.methods.registry import METHODS, find_method, policy_of, split_specs
from spaces.errors import InputError, UsageError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace

_UNSPENT = {  # in ranks, at most
    **dict.fromkeys(("hetero-static", "hetero-dynamic", "hetero-separated"), 8),  # whole modules
    **dict.fromkeys(("adalora", "sora"), 9),  # no gradient comes at two in three of the planted sites: g is 0
}
AT_BUDGET = [name for name, method in METHODS.items() if method.adapter]


@pytest.fixture(params=METHODS)
def name(request) -> str:
    return request.param


def test_it_trains_two_seeds_side_by_side_and_says_what_it_trained(planted, train, name):
    budget = 2 * planted.space.params_per_rank
    before = {key: value.clone() for key, value in planted.model.state_dict().items()}
    policy = policy_of(name, budget, planted.model)
    for trained in train(planted, policy, seeds=(0, 1), learning_rate=1e-2 * METHODS[name].rate):
        assert trained.evaluation.failure is None
        assert trained.course is not None
        assert trained.course.peak >= trained.course.average > 0 or name == "head"
        if METHODS[name].adapter:
            params, kinds = planted.space.params(trained.allocation), planted.space.sites
            assert params == trained.course.end <= budget
            assert params > budget - _UNSPENT.get(name, 1) * max(site.cost_per_rank for site in kinds)
    after = planted.model.state_dict()
    assert all(after[key].equal(value) for key, value in before.items())


@pytest.mark.parametrize("method", AT_BUDGET)
def test_its_adapter_is_saved_loaded_and_gives_what_was_trained(planted, train, method, tmp_path):
    policy = policy_of(method, 2 * planted.space.params_per_rank, planted.model)
    (trained,) = train(planted, policy)
    recipe = Recipe(epochs=40, batch_size=8, warmup=0.1)
    save_adapter(
        tmp_path / "adapter",
        trained,
        model=planted.model,
        sites=planted.space.sites,
        recipe=recipe,
        base="tiny",
        objective=planted.task.objective,
        rows=planted.task.validation,
    )
    rows = planted.task.validation
    with load_adapter(tmp_path / "adapter", planted.model):
        loss = mean_loss(planted.model, rows)
    assert loss == pytest.approx(trained.evaluation.loss, abs=1e-5)


@pytest.mark.parametrize("method", AT_BUDGET)
def test_what_is_cut_gives_the_metric_and_loss_of_what_was_trained(planted, tiny_model, train, method):
    """In a model in which every site matters; and what is left is what the history says."""
    generic = replace(planted, model=tiny_model("bert"))
    recipe = Recipe(epochs=4, batch_size=8, warmup=0.1)
    policy = policy_of(method, round(2.4 * generic.space.params_per_rank), generic.model)
    (trained,) = train(generic, policy, recipe=recipe)
    (logits,) = outputs_of(
        generic.model, generic.space.sites, generic.task.objective, [trained], recipe, generic.task.validation
    )
    score = generic.task.objective.score(logits, generic.task.validation.labels)
    assert score.metric == trained.evaluation.metric
    assert score.loss == pytest.approx(trained.evaluation.loss, abs=1e-5)
    assert all(f"{name}.A" in trained.tensors for name, _ in trained.allocation.ranks)
    if trained.course.history:
        assert trained.course.history[-1][1] == trained.allocation


@dataclass(frozen=True, slots=True)
class Watched:
    """A policy whose slots' losses are noted right before and right after ``finish``."""

    policy: GatePolicy
    noted: list[tuple[float, float]] = field(default_factory=list, hash=False)

    def start(self, space):
        return self.policy.start(space)

    def shapes(self, sites, ranks):
        return self.policy.shapes(sites, ranks)

    def hooks(self, cohort, task):
        hooks = self.policy.hooks(cohort, task)
        every = np.arange(len(task.validation))

        def loss(slot):
            with torch.no_grad():
                return float(cohort.losses([slot], task.validation, [every]))

        def finish(slot):
            hooks.before([])  # with the gates as the last step left them
            before = loss(slot)
            hooks.finish(slot)
            self.noted.append((before, loss(slot)))

        return replace(hooks, finish=finish)


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
@pytest.mark.parametrize("method", ["sora", "adalora", "salora", "alora", "hetero-dynamic", "spectral"])
def test_what_is_evaluated_is_what_was_trained_also_under_the_second_norm(planted, train, method, renorm):
    """Sites that were cut must have left their norm behind before training ended."""
    sites = tuple(find_sites(planted.model, "lora[q]+cross"))
    shortcuts = replace(planted, space=SearchSpace(sites, (0, 1, 2, 4, 8)))
    watched = Watched(policy_of(method, shortcuts.space.params_per_rank, planted.model))
    recipe = Recipe(epochs=4, batch_size=8, warmup=0.1, renorm=renorm)
    (trained,) = train(shortcuts, watched, recipe=recipe)
    assert trained.evaluation.failure is None
    ((before, after),) = watched.noted
    assert after == pytest.approx(before, abs=1e-5)


def test_it_trains_beside_one_that_diverged_and_in_its_slot_as_alone(planted, name):
    """Two slots, three candidates: the first diverges, and the third takes its place."""
    budget = 2 * planted.space.params_per_rank
    policy = policy_of(name, budget, planted.model)
    start, rate = policy.start(planted.space), 1e-2 * METHODS[name].rate
    recipe = Recipe(epochs=2, batch_size=8, warmup=0.1, max_grad_norm=1e30)

    def run(*candidates):
        return train_cohort(
            planted.model,
            planted.space.sites,
            planted.task,
            whole(candidates),
            recipe,
            slots=2,
            policy=policy,
        )

    wild = Candidate(start, 0, 1e30)
    calm = [Candidate(start, seed, rate) for seed in (1, 2)]
    failed, *together = run(wild, *calm)
    assert failed.evaluation.failure is not None
    for candidate, beside in zip(calm, together, strict=True):
        (alone,) = run(candidate)
        assert beside.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=1e-5)
        assert beside.course == alone.course


def mean_loss(model, rows) -> float:
    """Cross-entropy row by row, without padding."""
    losses = []
    for ids, label in zip(rows.input_ids, rows.labels, strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.from_numpy(ids)[None]).logits
        losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor([int(label)])).item())
    return sum(losses) / len(losses)


@pytest.mark.parametrize("method", ["full", "flop"])
def test_what_trains_the_base_models_weights_is_no_adapter(planted, train, method, tmp_path):
    policy = policy_of(method, 2 * planted.space.params_per_rank, planted.model)
    recipe = Recipe(epochs=1, batch_size=8)
    (trained,) = train(planted, policy, recipe=recipe, learning_rate=1e-4)
    arguments = {"model": planted.model, "sites": planted.space.sites, "recipe": recipe}
    with pytest.raises(InputError, match="neither saved as an adapter nor scored again"):
        save_adapter(
            tmp_path / "adapter",
            trained,
            base="tiny",
            objective=planted.task.objective,
            rows=planted.task.validation,
            **arguments,
        )
    with pytest.raises(InputError, match="name the rows to report on"):
        score_trained(task=planted.task, trained=[trained], **arguments)
    assert not (tmp_path / "adapter").exists()


def test_a_policy_is_a_value_that_another_process_can_be_sent(planted, name):
    policy = policy_of(name, 4 * planted.space.params_per_rank, planted.model)
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert hash(policy) == hash(policy_of(name, 4 * planted.space.params_per_rank, planted.model))


def test_settings_in_brackets_are_read_by_their_types(planted):
    spec = "hetero-dynamic[proxy=snip, frequency=2,enabled=0.25,allotment=separated]"
    policy = policy_of(spec, 1000, planted.model)
    assert isinstance(policy, Hetero)
    assert (policy.proxy, policy.frequency, policy.enabled) == ("snip", 2.0, 0.25)
    assert policy.allotment == "separated"
    assert policy_of("hetero-static[enabled=none]", 1000, planted.model) == Hetero(1000)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("lorra", "did you mean lora. Choose from lora, head"),
        ("hetero-dynamic[frequency]", "write hetero-dynamic"),
        ("lora[alpha=3]", "it has none"),
        ("hetero-dynamic[frequency=often]", "give float"),
        ("hetero-dynamic[allotment=both]", "combined, separated"),
    ],
)
def test_a_spec_that_cannot_be_used_says_what_can(planted, spec, words):
    with pytest.raises(UsageError, match=words):
        policy_of(spec, 1000, planted.model)


def test_commas_in_brackets_do_not_separate():
    text = "lora, hetero-dynamic[a=1,b=2]@lora[q,v]/paper,,head"
    assert split_specs(text) == ["lora", "hetero-dynamic[a=1,b=2]@lora[q,v]/paper", "head"]
    assert find_method("head")[1] == {}
