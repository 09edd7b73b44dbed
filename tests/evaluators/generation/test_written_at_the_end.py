"""What leaves no adapter writes when its training ends, asked in the way that it is judged."""

from __future__ import annotations

import pytest
import torch
from peft import IA3Config, LoraConfig

from evaluators.generation.answers import answers_in, model_answers
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from evaluators.training.train_with_peft import train_with_peft
from search.methods.registry import policy_of
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.search_space import SearchSpace
from tests.doubling import doubling_task

RECIPE = Recipe(epochs=3, batch_size=8)


def one_by_one(cohort, slot, around, ids, steps: int):
    """Greedily, each token by a forward pass of its own over the whole text, without a cache."""
    cohort.stacked.select((slot,))
    tokens = torch.from_numpy(ids)[None]
    for _ in range(steps):
        batch = Batch({"input_ids": tokens}, tokens)
        with torch.no_grad():
            (logits,) = around(
                lambda model, own: (model(**own.inputs, use_cache=False).logits[:, -1],), cohort.model, batch
            )
        tokens = torch.cat([tokens, logits.argmax(-1)[None]], dim=1)
    return tokens[0, len(ids) :].numpy()


@pytest.mark.parametrize("name", ["full", "flop", "dylora"])
def test_each_slot_writes_with_the_weights_that_it_has_at_its_end(tiny_language_model, make_test, name):
    model, test, expected = tiny_language_model("llama"), make_test(), []
    space = SearchSpace(find_sites(model, "lora[q,v]"), (0, 1, 2, 4))
    policy = policy_of(name, 2 * space.params_per_rank, model)

    def write(cohort, slots, around):
        for slot in slots:
            rows = [one_by_one(cohort, slot, around, ids, 6) for ids in test.prompts.input_ids]
            expected.append(tuple(map(test.text, rows)))
        return answers_in(test, cohort, slots, around)

    candidates = [Candidate(policy.start(space), seed, 1e-2) for seed in (0, 1)]
    trained = train_cohort(
        model, space.sites, doubling_task(), whole(candidates), RECIPE, slots=2, policy=policy, write=write
    )
    assert [one.answers for one in trained] == expected
    assert model_answers(test, model, size=8) not in expected


@pytest.mark.parametrize(
    "config",
    [
        LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False),
        IA3Config(target_modules=["k_proj", "down_proj"], feedforward_modules=["down_proj"]),
    ],
    ids=["lora", "ia3"],
)
def test_pefts_own_write_as_peft_has_them(tiny_language_model, make_test, config):
    model, test, expected = tiny_language_model("llama"), make_test(), []

    def write(tuned):
        for ids in test.prompts.input_ids:
            tokens = torch.from_numpy(ids)[None]
            said = tuned.generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=6,
                do_sample=False,
                pad_token_id=1,
            )
            expected.append(test.text(said[0, len(ids) :].numpy()))
        return model_answers(test, tuned, size=4)

    trained = train_with_peft(
        config,
        model,
        doubling_task(),
        RECIPE,
        seed=0,
        learning_rate=1e-2,
        report_on=doubling_task().test,
        write=write,
    )
    assert trained.answers == tuple(expected)


def test_without_being_asked_nothing_is_written(tiny_language_model):
    model = tiny_language_model("llama")
    space = SearchSpace(find_sites(model, "lora[q]"), (0, 1))
    (trained,) = train_cohort(
        model,
        space.sites,
        doubling_task(),
        whole([Candidate(space.allocation(space.highest), 0, 1e-2)]),
        Recipe(epochs=0.2),
        slots=1,
    )
    assert trained.answers is None
