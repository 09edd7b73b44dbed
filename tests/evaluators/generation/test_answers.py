"""What trained candidates answer: side by side as alone, wires and all, as peft has it and a loop by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model

from evaluators.generation.answers import answers_of, model_answers
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Course, Recipe
from evaluators.training.cohort import restored
from spaces.errors import InputError
from spaces.find_sites import find_sites
from tests.evaluators.generation.unsaid import unsaid

DECODINGS = [{}, {"beams": 3, "length_penalty": 0.8, "no_repeat_ngram": 2}]
PROJECTIONS = {
    "llama": ["q_proj", "v_proj", "down_proj"],
    "gpt2": ["c_proj", "c_fc"],
    "opt": ["q_proj", "fc1"],
}
OURS = {"llama": "lora[q,v,down]", "gpt2": "lora[o,fc1,fc2]", "opt": "lora[q,fc1]"}


def asked(model, space, trained, test, recipe=None):
    return answers_of(model, find_sites(model, space), CausalLM(), trained, recipe or Recipe(), test)


@pytest.mark.parametrize("settings", DECODINGS)
@pytest.mark.parametrize(
    ("family", "space", "renorm"),
    [
        ("llama", "lora[all]+shortcut", "preserve"),
        ("gpt2", "lora[all]+residual+cross[in,cut;span=1..2]", "preserve"),
        ("opt", "lora[q,v]+shortcut", "preserve"),
        ("opt-post", "lora[q,v]+shortcut", "paper"),
    ],
)
def test_candidates_answer_side_by_side_as_alone(
    tiny_language_model, make_test, by_chance, family, space, renorm, settings
):
    model, test, recipe = tiny_language_model(family), make_test(**settings), Recipe(renorm=renorm)
    trained = by_chance(model, space, 3, recipe)
    together = asked(model, space, trained, test, recipe)
    alone = [asked(model, space, [one], test, recipe)[0] for one in trained]
    assert together == alone
    assert len(set(together)) == 3  # each has wires of its own
    assert model_answers(test, model, size=4) not in together


@pytest.mark.parametrize(
    ("family", "space", "renorm"),
    [
        ("llama", "lora[all]+shortcut", "preserve"),
        ("gpt2", "lora+residual+cross[in,cut;span=1..2]", "preserve"),
        ("opt-post", "lora[q,v]+shortcut", "paper"),
    ],
)
def test_every_wire_acts_at_every_token(tiny_language_model, make_test, by_chance, family, space, renorm):
    model, test, recipe = tiny_language_model(family), make_test(), Recipe(renorm=renorm)
    trained = by_chance(model, space, 2, recipe)
    answers = asked(model, space, trained, test, recipe)
    with restored(model, find_sites(model, space), CausalLM(), trained, recipe) as cohort:
        for slot, own in enumerate(answers):
            cohort.stacked.select((slot,))
            for ids, said in zip(test.prompts.input_ids, own, strict=True):
                tokens = torch.from_numpy(ids)[None]
                for _ in range(6):
                    with torch.no_grad():
                        likeliest = model(input_ids=tokens, use_cache=False).logits[:, -1].argmax(-1)
                    tokens = torch.cat([tokens, likeliest[None]], dim=1)
                assert test.text(tokens[0, len(ids) :].numpy()) == said


@pytest.mark.parametrize("settings", DECODINGS)
@pytest.mark.parametrize("family", OURS)
def test_plain_lora_answers_as_pefts_model_and_as_the_merged_one(
    tiny_language_model, make_test, by_chance, family, settings
):
    model, test = tiny_language_model(family), make_test(**settings)
    (trained,) = by_chance(model, OURS[family], 1)
    (ours,) = asked(model, OURS[family], [trained], test)
    sites = {site.name: site for site in find_sites(model, OURS[family])}
    ranks = {sites[name].target.module: rank for name, rank in trained.allocation.ranks if rank}
    config = LoraConfig(
        r=1,
        target_modules=list(ranks),
        rank_pattern={f"^{name}$": rank for name, rank in ranks.items()},
        alpha_pattern={f"^{name}$": 16.0 for name in ranks},
        fan_in_fan_out=family == "gpt2",
        task_type="CAUSAL_LM",
    )
    peft = get_peft_model(tiny_language_model(family), config).eval()
    for name, site in sites.items():
        if f"{name}.A" in trained.tensors:
            layer = peft.base_model.model.get_submodule(site.target.module)
            layer.lora_A["default"].weight.data.copy_(trained.tensors[f"{name}.A"])
            layer.lora_B["default"].weight.data.copy_(trained.tensors[f"{name}.B"])
    assert model_answers(test, peft.get_base_model(), size=64) == ours
    ids = test.prompts.input_ids[0]
    allowed = unsaid(len(ids), model.config.vocab_size)
    beams = {"num_beams": 3, "length_penalty": 0.8, "prefix_allowed_tokens_fn": allowed} if settings else {}
    whole = peft.generate(input_ids=torch.from_numpy(ids)[None], max_new_tokens=6, do_sample=False, **beams)
    assert test.text(whole[0, len(ids) :].numpy()) == ours[0]
    assert model_answers(test, peft.merge_and_unload(), size=64) == ours


def test_answers_depend_neither_on_the_batch_nor_on_the_order_of_prompts(
    tiny_language_model, make_test, by_chance
):
    model, test = tiny_language_model("llama"), make_test()
    trained = by_chance(model, "lora[q,v]", 2)
    whole = asked(model, "lora[q,v]", trained, test)
    assert asked(model, "lora[q,v]", trained, test, Recipe(eval_batch_size=1)) == whole
    turned = replace(test, prompts=test.prompts.take([4, 3, 2, 1, 0]))
    assert asked(model, "lora[q,v]", trained, turned) == [own[::-1] for own in whole]


def test_progress_counts_every_answer(tiny_language_model, make_test, by_chance):
    model, test, seen = tiny_language_model("llama"), make_test(beams=2), []
    sites, recipe = find_sites(model, "lora[q]"), Recipe(eval_batch_size=8)
    trained = by_chance(model, "lora[q]", 2)
    answers_of(model, sites, CausalLM(), trained, recipe, test, on_rows=seen.append)
    assert seen == [4, 4, 2]


def test_one_without_weights_of_its_own_is_refused(tiny_language_model, make_test, by_chance):
    model = tiny_language_model("llama")
    (one,) = by_chance(model, "lora[q]", 1)
    other = replace(one, course=Course(one.allocation, 1, 1.0, 1, (), adapter=False))
    with pytest.raises(InputError, match="not kept"):
        asked(model, "lora[q]", [other], make_test())


def test_the_model_is_left_as_it_was(tiny_language_model, make_test, by_chance):
    model, test = tiny_language_model("llama"), make_test()
    before = model_answers(test, model, size=8)
    asked(model, "lora+shortcut", by_chance(model, "lora+shortcut", 2), test)
    assert model_answers(test, model, size=8) == before
    assert np.isfinite(model(torch.tensor([[5, 6]])).logits.numpy()).all()


def test_that_no_answer_ended_is_told_once_a_test(tiny_language_model, make_test, caplog):
    model, never = tiny_language_model("llama"), make_test(stops=(1000,))
    said = [model_answers(never, model, size=8) for _ in range(2)]
    assert said[0] == said[1]
    assert caplog.text.count("ended at a stop") == 1
    caplog.clear()
    model_answers(make_test(stops=tuple(range(1000))), model, size=8)
    assert "ended at a stop" not in caplog.text
