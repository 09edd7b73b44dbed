"""The test is the task's own, where nothing else is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators.data.decoding import Decoding
from search.job.inputs import load_inputs
from search.job.settings import DataSettings, GenerationSettings, ModelSettings
from search.job.text_test_of import text_test_of
from spaces.errors import UsageError
from tests.search.decoder_files import DECODER_WORDS, save_decoder, write_prompts


@pytest.fixture
def model(tiny_language_model):
    return tiny_language_model("llama", vocab_size=len(DECODER_WORDS), eos_token_id=0)


@pytest.fixture
def inputs(model, tmp_path):
    folder = save_decoder(model, tmp_path / "decoder")
    _, train, _, dev = write_prompts(tmp_path, (30, 10))
    return load_inputs(
        ModelSettings(model=str(folder)), DataSettings(train_file=Path(train), eval_file=Path(dev))
    )


def test_nothing_is_written_unless_it_is_asked_for(inputs, model):
    assert text_test_of(inputs, model, GenerationSettings()) is None


def test_the_tasks_own_decoding_and_metrics_hold_where_no_others_are_given(inputs, model):
    usual = Decoding(beams=10, length_penalty=0.8, no_repeat_ngram=4, max_new_tokens=9)
    corpus = replace(inputs, task=replace(inputs.task, decoding=usual, text_metrics=("nist", "ter")))
    test = text_test_of(corpus, model, GenerationSettings(generate=True))
    assert (test.decoding, test.metrics, test.stops) == (usual, ("nist", "ter"), (0,))
    assert test.prompts.texts == inputs.task.prompts.texts
    other = GenerationSettings(True, 1, 0.0, 0, 5, 3, ("bleu",))
    test = text_test_of(corpus, model, other)
    assert test.decoding == Decoding(beams=1, length_penalty=0.0, no_repeat_ngram=0, max_new_tokens=5)
    assert (test.metrics, len(test.prompts)) == (("bleu",), 3)


def test_of_any_other_task_it_is_greedy_by_bleu_and_rouge(inputs, model):
    test = text_test_of(inputs, model, GenerationSettings(generate=True, max_new_tokens=5))
    assert (test.decoding.beams, test.metrics) == (1, ("bleu", "rouge_l"))


def test_without_prompts_it_is_refused(inputs, model):
    plain = replace(inputs, task=replace(inputs.task, prompts=None))
    with pytest.raises(UsageError, match="give rows with a prompt and a completion"):
        text_test_of(plain, model, GenerationSettings(generate=True))


def test_where_no_prompt_leaves_room_for_an_answer_it_is_refused_as_that(inputs, model):
    full = replace(inputs, task=replace(inputs.task, prompts=inputs.task.prompts.take([])))
    with pytest.raises(UsageError, match="leaves room for an answer within `max_length`"):
        text_test_of(full, model, GenerationSettings(generate=True))


def test_answers_end_at_the_templates_end_of_a_turn_too_and_one_without_is_told(inputs, model, caplog):
    def stops(ends):
        prompts = replace(inputs.task.prompts, ends=ends)
        spoken = replace(inputs, task=replace(inputs.task, prompts=prompts))
        return text_test_of(spoken, model, GenerationSettings(generate=True, max_new_tokens=5)).stops

    assert stops((5,)) == (0, 5)
    assert stops((0,)) == stops(None) == (0,)
    assert not caplog.text
    assert stops(()) == (0,)
    assert "closes an answer with no special token" in caplog.text
