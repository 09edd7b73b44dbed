"""Rows that are cut are counted, of whatever kind they are, and it is said what keeps them whole."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest
from transformers import PreTrainedTokenizerBase

from evaluators.data.language_task import build_language_task
from evaluators.data.passages import Passages
from evaluators.data.task import Task
from evaluators.data.text_table import TextTable
from evaluators.objectives.causal_lm import CausalLM
from tests.evaluators.data.letters import tokenizer_of_letters
from tests.evaluators.data.small_task import built

Build = Callable[..., Task]
TEXTS = [letter * length for letter in "abcdefgh" for length in range(1, 6)]


def of_labels(width: int, tokenizer: PreTrainedTokenizerBase, **limits: int) -> Task:
    """Of single texts, or of pairs with a letter behind each; the tokens of row n are its letters."""
    rows = TextTable(
        tuple((text[:-1] + "z", "y")[:width] if width == 2 else (text,) for text in TEXTS),
        tuple("01"[len(text) % 2] for text in TEXTS),
    )
    return built("accuracy", rows, rows, tokenizer, **limits)


def of_language(tokenizer: PreTrainedTokenizerBase, **limits: int) -> Task:
    """Of the texts behind their first letters, which end-of-text makes as long as they were."""
    rows = Passages(("",) * len(TEXTS), tuple(text[1:] or "z" for text in TEXTS))
    return build_language_task("t", CausalLM(), rows, rows, tokenizer, **limits)


BUILDS = [partial(of_labels, 1), partial(of_labels, 2), of_language]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("stated", [False, True])
def test_rows_that_are_cut_are_counted_in_notes_and_log(build: Build, stated: bool, caplog) -> None:
    tokenizer = tokenizer_of_letters()
    whole = build(tokenizer)
    if stated:
        tokenizer.model_max_length = 3
    with caplog.at_level(logging.WARNING):
        task = build(tokenizer, max_length=1000 if stated else 3)
    remedy = ", the most that the model's tokenizer states" if stated else "; raise `max_length` to keep"
    parts = {"training": whole.train, "validation": whole.validation, "evaluation": whole.test}
    for part, rows in parts.items():
        cut = sum(len(ids) > 3 for ids in rows.input_ids)
        share = f"{cut} of {len(rows)} rows ({cut / len(rows):.1%})"
        said = f"cut {share} of the {part} part behind 3 tokens{remedy}"
        assert cut
        assert any(note.startswith(said) for note in task.notes)
        assert said in caplog.text
    assert {len(ids) for ids in task.train.input_ids} <= {1, 2, 3}


@pytest.mark.parametrize("build", BUILDS)
def test_of_rows_that_just_fit_nothing_is_said(build: Build, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        longest = max(len(ids) for ids in build(tokenizer_of_letters()).train.input_ids)
        task = build(tokenizer_of_letters(), max_length=longest)
    assert not any(note.startswith("cut") for note in task.notes)
    assert "cut" not in caplog.text
    assert "longer than the specified maximum" not in caplog.text


@pytest.mark.parametrize("special", ["begins", "closes"])
def test_special_tokens_are_no_part_of_what_is_lost(special: str, caplog) -> None:
    task = of_labels(1, tokenizer_of_letters(**{special: True}), max_length=6)
    assert not any(note.startswith("cut") for note in task.notes)
    assert any(
        note.startswith("cut") for note in of_labels(1, tokenizer_of_letters(closes=True), max_length=5).notes
    )
