"""Words of many scripts, and of ASCII those of rouge-score."""

from __future__ import annotations

import string

import numpy as np
import pytest
from rouge_score.tokenizers import DefaultTokenizer

from evaluators.metrics.words import ScriptWords


def test_ascii_texts_have_rouge_scores_own_words() -> None:
    rng, ours, theirs = np.random.default_rng(0), ScriptWords(), DefaultTokenizer(use_stemmer=False)
    letters = [*string.printable, *map(chr, range(32)), "\x7f"]
    for _ in range(200):
        text = "".join(rng.choice(letters, 40))
        assert ours.tokenize(text) == theirs.tokenize(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Élan, “naïve” cafe\u0301", ["élan", "naïve", "cafe\u0301"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("東京はGPT-4", ["東", "京", "は", "gpt", "4"]),
        ("£5 — 7 🙂", ["5", "7"]),
    ],
)
def test_words_keep_their_accents_and_scripts_without_blanks_give_characters(
    text: str, words: list[str]
) -> None:
    assert ScriptWords().tokenize(text) == words
