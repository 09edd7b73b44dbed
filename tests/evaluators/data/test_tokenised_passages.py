from __future__ import annotations

import logging

import pytest
from transformers import PreTrainedTokenizerBase

from evaluators.data.message import Message
from evaluators.data.passages import Passages
from evaluators.data.rows import NO_TARGET, Rows
from evaluators.data.tokenised_passages import USUAL_LOSS, LossOn, question_ids, tokenised_passages
from spaces.errors import InputError, UsageError
from tests.evaluators.data.letters import BEGIN, END, LETTERS, MARKED, TEMPLATE, tokenizer_of_letters, tokens


def rows_of(
    passages: Passages, tokenizer: PreTrainedTokenizerBase, max_length: int = 40, loss_on: LossOn = USUAL_LOSS
) -> Rows:
    parts = {"training": passages}
    return tokenised_passages(parts, tokenizer, max_length=max_length, loss_on=loss_on).rows["training"]


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


def test_a_tokenizer_without_an_end_of_text_is_refused():
    labels = (
        "; name its `eos_token` .* or, where the texts have labels, name their column with `label_column`"
    )
    with pytest.raises(InputError, match=f"no end-of-text token.*{labels}"):
        rows_of(Passages(("",), ("bead",)), tokenizer_of_letters(ends=False))
    with pytest.raises(InputError, match="no end-of-text token") as error:
        rows_of(Passages(("a",), ("bead",)), tokenizer_of_letters(ends=False))
    assert "label" not in str(error.value)


def test_a_tokenizer_that_ends_texts_itself_gets_no_second_end():
    rows = rows_of(Passages(("a",), ("b",)), tokenizer_of_letters(closes=True))
    assert rows.input_ids[0].tolist() == [*tokens("ab"), END]
    assert rows.labels[0].tolist() == [NO_TARGET, *tokens("b"), END]


@pytest.mark.parametrize("puts", [False, True])
@pytest.mark.parametrize(
    ("prompt", "completion", "learned"),
    [("", "<begin>bead", "bead"), ("<begin>be", "ad", "ad"), ("<begin>", "bead", "bead")],
)
def test_a_text_that_begins_itself_gets_no_second_beginning(puts, prompt, completion, learned, caplog):
    tokenizer = tokenizer_of_letters(begins=puts)
    passages = Passages((prompt, prompt, ""), (completion, completion + "x", "fig"))
    with caplog.at_level(logging.WARNING):
        rows = rows_of(passages, tokenizer)
    assert rows.input_ids[0].tolist() == [BEGIN, *tokens("bead"), END]
    assert [label for label in rows.labels[0].tolist() if label != NO_TARGET] == [*tokens(learned), END]
    said = "2 of 3 rows of the training part begin with '<begin>', which the tokenizer puts in front as well"
    assert (said in caplog.text) is puts
    if prompt:
        assert question_ids(passages, tokenizer)[0].tolist() == [
            BEGIN,
            *tokens(prompt.removeprefix("<begin>")),
        ]


def test_a_beginning_that_only_the_text_has_twice_stays_twice():
    row = rows_of(Passages(("",), ("<begin><begin>bead",)), tokenizer_of_letters(begins=False))
    assert row.input_ids[0].tolist() == [BEGIN, BEGIN, *tokens("bead"), END]


def test_where_it_is_wanted_the_prompt_is_learned_too():
    passages = Passages(("ab",), ("cd",))
    rows = rows_of(passages, tokenizer_of_letters(), loss_on=LossOn(completion_only=False))
    assert rows.labels[0].tolist() == [NO_TARGET, *tokens("bcd"), END]


def test_of_a_conversation_all_is_learned_and_it_ends_as_its_template_ends_it():
    talk = (Message("user", "ab"), Message("assistant", "cd"))
    rows = rows_of(Passages(("",), (talk,)), tokenizer_of_letters(template=TEMPLATE))
    assert rows.input_ids[0].tolist() == [*tokens("u ab.a cd.")]
    assert rows.labels[0].tolist() == [NO_TARGET, *tokens(" ab.a cd.")]


def test_of_messages_after_a_prompt_of_messages_the_mark_of_who_speaks_is_given():
    passages = Passages(((Message("user", "ab"),),), ((Message("assistant", "cd"),),))
    rows = rows_of(passages, tokenizer_of_letters(template=TEMPLATE))
    assert rows.input_ids[0].tolist() == [*tokens("u ab.a cd.")]
    assert rows.labels[0].tolist() == [NO_TARGET] * 7 + tokens("cd.")


def test_what_the_assistant_says_is_learned_alone_where_the_template_marks_it():
    talk = (Message("user", "b"), Message("assistant", "c"), Message("user", "d"), Message("assistant", "e"))
    tokenizer = tokenizer_of_letters(template=MARKED)
    rows = rows_of(Passages(("",), (talk,)), tokenizer, loss_on=LossOn(assistant_only=True))
    assert rows.input_ids[0].tolist() == tokens("u b.a c.u d.a e.")
    learned = [*tokens("c."), *[NO_TARGET] * 6, *tokens("e.")]
    assert rows.labels[0].tolist() == [NO_TARGET] * 6 + learned


def test_of_an_answer_to_messages_both_masks_count():
    asked = (Message("user", "b"), Message("assistant", "c"), Message("user", "d"))
    passages = Passages((asked,), ((Message("assistant", "e"),),))
    rows = rows_of(passages, tokenizer_of_letters(template=MARKED), loss_on=LossOn(assistant_only=True))
    assert rows.labels[0].tolist() == [NO_TARGET] * 14 + tokens("e.")


def test_assistant_only_is_refused_without_marks_and_of_texts():
    talk, loss_on = (Message("user", "b"), Message("assistant", "c")), LossOn(assistant_only=True)
    with pytest.raises(UsageError, match="`assistant_only_loss` needs a chat template that marks"):
        rows_of(Passages(("",), (talk,)), tokenizer_of_letters(template=TEMPLATE), loss_on=loss_on)
    with pytest.raises(UsageError, match="`assistant_only_loss` is of conversations, and these"):
        rows_of(Passages(("",), ("ab",)), tokenizer_of_letters(), loss_on=loss_on)


def test_messages_need_a_chat_template():
    talk = (Message("user", "b"), Message("assistant", "c"))
    with pytest.raises(InputError, match="tokenizer has no chat template"):
        rows_of(Passages(("",), (talk,)), tokenizer_of_letters())


def test_rows_whose_completion_is_cut_away_are_dropped_and_counted(caplog):
    passages = Passages(("abcdef", "ab", "abcdefgh"), ("x", "xyz", "y"))
    with caplog.at_level(logging.WARNING):
        rows = rows_of(passages, tokenizer_of_letters(), max_length=4)
    assert [row.tolist() for row in rows.input_ids] == [tokens("abxy")]
    assert [row.tolist() for row in rows.labels] == [[NO_TARGET] * 2 + tokens("xy")]
    assert "dropped 2 of 3 rows of the training part" in caplog.text
    assert "cut 1 of 3 rows (33.3%) of the training part behind 4 tokens" in caplog.text


def test_where_no_row_has_anything_to_learn_it_says_what_to_do():
    with pytest.raises(InputError, match=r"no row of the training part .* within `max_length=4`; raise it"):
        rows_of(Passages(("abcdef",), ("x",)), tokenizer_of_letters(), max_length=4)
    with pytest.raises(UsageError, match="`max_length=1` must be at least 2"):
        rows_of(Passages(("a",), ("x",)), tokenizer_of_letters(), max_length=1)
