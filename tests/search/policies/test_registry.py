"""Every method of the registry keeps the contract of gate policies; specs are read as typed."""

from __future__ import annotations

import pickle

import pytest

from evaluators.adapter import load_adapter, save_adapter
from evaluators.candidate import Recipe
from search.policies.hetero import Hetero
from search.policies.registry import METHODS, find_method, policy_of, split_specs
from spaces.errors import UsageError

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
            params = planted.space.params(trained.allocation)
            assert params == trained.course.end <= budget
            assert params >= 0.4 * budget
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
        label_names=planted.task.label_names,
    )
    rows = planted.task.validation
    with load_adapter(tmp_path / "adapter", planted.model):
        loss = mean_loss(planted.model, rows)
    assert loss == pytest.approx(trained.evaluation.loss, abs=1e-5)


def mean_loss(model, rows) -> float:
    """Cross-entropy row by row, without padding."""
    import torch

    losses = []
    for ids, label in zip(rows.input_ids, rows.labels, strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.from_numpy(ids)[None]).logits
        losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor([int(label)])).item())
    return sum(losses) / len(losses)


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
        ("lorra", "choose from lora, head"),
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
