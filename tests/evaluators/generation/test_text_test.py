"""Prompts are padded on the left, answers read to their end, and a test known again by what decides them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from spaces.errors import InputError, UsageError


def test_prompts_end_together(make_test):
    batch = make_test(lengths=(2, 4)).batch(np.array([0, 1]), pad=1, device=torch.device("cpu"))
    assert batch.inputs["attention_mask"].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert batch.inputs["input_ids"][0, :2].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [([5, 6, 3, 7], "5 6"), ([5, 1, 6], "5 6"), ([3, 3], ""), ([5, 9, 6], "5"), ([5, 6], "5 6")],
)
def test_an_answer_ends_at_its_first_stop_and_has_no_special_tokens(make_test, tokens, text):
    assert make_test(stops=(3, 9)).text(np.array(tokens)) == text


def test_answers_are_scored_by_its_metrics(make_test):
    test = replace(make_test(), metrics=("exact_match", "bleu"))
    scores = test.score(("7 8", "9", "7  8", "x", "y"))
    assert scores["exact_match"] == 60
    assert list(scores) == ["exact_match", "bleu"]


def test_its_digest_is_of_prompts_and_decoding_but_not_of_metrics(make_test):
    test = make_test()
    assert replace(test, metrics=("ter",)).digest == test.digest
    others = [
        make_test(beams=2),
        make_test(lengths=(4, 2)),
        make_test(stops=(4,)),
        make_test(length_penalty=2.0),
    ]
    assert len({test.digest, *(one.digest for one in others)}) == 5


def test_answers_under_a_ban_of_the_prompt_s_n_grams_are_not_known_and_those_under_none_are(make_test):
    for ngram in (0, 4):
        test = make_test(no_repeat_ngram=ngram)
        digest = hashlib.sha256(json.dumps([asdict(test.decoding), test.stops]).encode())
        for ids in test.prompts.input_ids:
            digest.update(len(ids).to_bytes(4, "little") + ids.tobytes())
        assert (test.digest == digest.hexdigest()) == (ngram == 0)


def test_without_a_prompt_there_is_nothing_to_answer(make_test):
    with pytest.raises(InputError, match="prompts of at least one token"):
        make_test(lengths=())
    with pytest.raises(InputError, match="prompts of at least one token"):
        make_test(lengths=(2, 0))
    with pytest.raises(UsageError, match="needs WordNet"):
        replace(make_test(), metrics=("meteor",))
