from __future__ import annotations

import logging

import pytest
from tokenizers import Tokenizer, models, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from evaluators.data.passages import Passages, tokenised_passages
from evaluators.data.rows import NO_TARGET, Rows
from spaces.errors import InputError, UsageError

BEGIN, END = 0, 1
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def tokenizer_of_letters(
    *, begins: bool = False, ends: bool = True, merged: tuple[str, ...] = ()
) -> PreTrainedTokenizerBase:
    """A token a letter, from 2 on in their order; merged: pairs of tokens that are one."""
    vocabulary = {
        token: i for i, token in enumerate(["<begin>", "<end>", *LETTERS, *("".join(m) for m in merged)])
    }
    letters = Tokenizer(models.BPE(vocabulary, merges=[tuple(pair) for pair in merged]))
    if begins:
        letters.post_processor = processors.TemplateProcessing(
            single="<begin> $A", pair="<begin> $A $B", special_tokens=[("<begin>", BEGIN)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=letters, bos_token="<begin>", eos_token="<end>" if ends else None
    )


def rows_of(passages: Passages, tokenizer: PreTrainedTokenizerBase, max_length: int = 20) -> Rows:
    return tokenised_passages({"training": passages}, tokenizer, max_length=max_length)["training"]


def tokens(text: str) -> list[int]:
    return [2 + LETTERS.index(letter) for letter in text]


def test_of_a_plain_text_all_tokens_but_the_first_are_learned_and_the_end_with_them():
    rows = rows_of(Passages(("",), ("bead",)), tokenizer_of_letters())
    assert rows.input_ids[0].tolist() == [*tokens("bead"), END]
    assert rows.labels[0].tolist() == [NO_TARGET, *tokens("ead"), END]


def test_of_a_prompt_nothing_is_learned():
    rows = rows_of(Passages(("ab",), (" cd",)), tokenizer_of_letters(begins=True))
    assert rows.input_ids[0].tolist() == [BEGIN, *tokens("ab cd"), END]
    assert rows.labels[0].tolist() == [NO_TARGET] * 3 + [*tokens(" cd"), END]


def test_a_token_across_the_border_belongs_to_the_completion():
    rows = rows_of(Passages(("ab",), ("cd",)), tokenizer_of_letters(merged=("bc",)))
    merged = 2 + len(LETTERS)
    assert rows.input_ids[0].tolist() == [*tokens("a"), merged, *tokens("d"), END]
    assert rows.labels[0].tolist() == [NO_TARGET, merged, *tokens("d"), END]


def test_without_an_end_of_text_token_rows_end_without_one(caplog):
    with caplog.at_level(logging.WARNING):
        rows = rows_of(Passages(("",), ("bead",)), tokenizer_of_letters(ends=False))
    assert rows.input_ids[0].tolist() == tokens("bead")
    assert "no end-of-text token" in caplog.text


def test_rows_whose_completion_is_cut_away_are_dropped_and_counted(caplog):
    passages = Passages(("abcdef", "ab", "abcdefgh"), ("x", "xyz", "y"))
    with caplog.at_level(logging.WARNING):
        rows = rows_of(passages, tokenizer_of_letters(), max_length=4)
    assert [row.tolist() for row in rows.input_ids] == [tokens("abxy")]
    assert [row.tolist() for row in rows.labels] == [[NO_TARGET] * 2 + tokens("xy")]
    assert "dropped 2 of 3 rows of the training part" in caplog.text


def test_where_no_row_has_anything_to_learn_it_says_what_to_do():
    with pytest.raises(InputError, match=r"no row of the training part .* within `max_length=4`; raise it"):
        rows_of(Passages(("abcdef",), ("x",)), tokenizer_of_letters(), max_length=4)
    with pytest.raises(UsageError, match="`max_length=1` must be at least 2"):
        rows_of(Passages(("a",), ("x",)), tokenizer_of_letters(), max_length=1)


def test_rows_belong_together_by_their_prompt():
    passages = Passages(("a", "", "a"), ("x", "y", "z"))
    assert passages.keys == ["a", "y", "a"]
    assert passages.take([2, 1]) == Passages(("a", ""), ("z", "y"))
    with pytest.raises(ValueError, match="2 prompts need as many completions, not 1"):
        Passages(("a", "b"), ("x",))
