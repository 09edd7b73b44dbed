from __future__ import annotations

import logging

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from evaluators.data.choice_rows import rows_to_judge, rows_to_learn
from evaluators.data.choice_task import build_choice_task, build_choice_training_task
from evaluators.data.questions import Question, Questions
from evaluators.objectives.choice_labels import choices_of
from evaluators.objectives.multiple_choice import MultipleChoice
from spaces.errors import InputError, UsageError
from tests.evaluators.data.letters import BEGIN, tokenizer_of_letters, tokens


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    """Splits at white space; the word ``w17`` is token 2 + 17."""
    vocabulary = {word: i for i, word in enumerate(["<end>", "?", *(f"w{n}" for n in range(1000))])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?", eos_token="<end>")


def questions(numbers: range) -> Questions:
    """Question n is ``w<n>``; its choices are ``w0``, ``w1 w1``, ``w2``, of which n mod 3 is right."""
    return Questions(tuple(Question(f"w{n} w9", (" w0", " w1 w1", " w2"), n % 3) for n in numbers))


def test_rows_to_learn_are_right_choices_without_an_end(tokenizer):
    rows = rows_to_learn("training", questions(range(2)), tokenizer, 128)
    assert [ids.tolist() for ids in rows.input_ids] == [[2, 11, 2], [3, 11, 3, 3]]
    assert [labels.tolist() for labels in rows.labels] == [[-100, -100, 2], [-100, -100, 3, 3]]


def test_rows_to_judge_are_all_choices_side_by_side(tokenizer):
    rows = rows_to_judge("validation", questions(range(5)), tokenizer, 128)
    choices = choices_of(rows.labels)
    assert choices.questions.tolist() == np.repeat(range(5), 3).tolist()
    assert choices.places.tolist() == [0, 1, 2] * 5
    assert np.flatnonzero(choices.right).tolist() == [0, 4, 8, 9, 13]


def test_a_question_with_a_choice_that_would_be_cut_is_dropped_whole_and_counted(tokenizer, caplog):
    long = Question("w1 w2 w3", (" w4", " w5 w6"), 0)
    with caplog.at_level(logging.WARNING):
        rows = rows_to_judge("validation", Questions((long, *questions(range(2)).rows)), tokenizer, 4)
    assert len(rows) == 6
    assert "dropped 1 of 3 questions of the validation part" in caplog.text
    with pytest.raises(InputError, match="no question of the training part is whole within 4 tokens"):
        rows_to_learn("training", Questions((long,)), tokenizer, 4)


def test_choices_that_merge_with_the_prompt_begin_at_one_place(tokenizer):
    """``w1`` and ``w12`` are other words, so that one choice leaves the prompt's tokens one earlier."""
    merged = Questions((Question("w5 w1", ("2", " w3"), 1),))
    rows = rows_to_judge("test", merged, tokenizer, 128)
    assert [labels[1:].tolist() for labels in rows.labels] == [[-1000 - 14], [3, 5]]


def test_a_question_that_begins_itself_gets_no_second_beginning(caplog):
    own = Questions((Question("<begin>ab", ("c", "d"), 1),))
    with caplog.at_level(logging.WARNING):
        rows = rows_to_judge("test", own, tokenizer_of_letters(begins=True), 128)
    assert [ids.tolist() for ids in rows.input_ids] == [[BEGIN, *tokens("abc")], [BEGIN, *tokens("abd")]]
    assert "1 of 1 question of the test part begins with '<begin>'" in caplog.text


def test_questions_are_split_and_capped_whole_and_equal_ones_share_a_part(tokenizer):
    task = build_choice_task(
        "t", MultipleChoice(), questions(range(300)), questions(range(300, 340)), tokenizer, eval_rows=10
    )
    assert len(task.validation) == len(task.test) == 30
    asked = {int(ids[0]) for ids in task.train.input_ids}
    assert len(asked) == len(task.train)
    assert not asked & {int(ids[0]) for ids in task.validation.input_ids}
    assert "a row to judge by is a choice: of 10 questions to select by" in task.notes
    assert "a row to report on is one too: of 10 questions" in task.notes


def test_repeats_are_noted_and_training_rows_alone_are_the_first(tokenizer, caplog):
    with caplog.at_level(logging.WARNING):
        task = build_choice_task("t", MultipleChoice(), questions(range(90)), questions(range(3)), tokenizer)
    assert task.notes[0] in caplog.text
    assert task.notes[0].startswith("3 texts of the evaluation rows are also")
    alone = build_choice_training_task("t", MultipleChoice(), questions(range(90)), tokenizer, rows=6)
    assert [ids.tolist() for ids in alone.train.input_ids] == [
        ids.tolist() for ids in task.train.input_ids[:6]
    ]
    with pytest.raises(UsageError, match="rows=0"):
        build_choice_training_task("t", MultipleChoice(), questions(range(90)), tokenizer, rows=0)


@pytest.mark.parametrize(
    ("choices", "right", "says"),
    [
        ((" a",), 0, "2 to 1,000 choices"),
        ((" a", " a"), 0, "no two alike"),
        ((" a", " "), 0, "empty"),
        ((" a", " b"), 2, "none of 2 choices"),
    ],
)
def test_what_is_no_question_is_refused(choices, right, says):
    with pytest.raises(ValueError, match=says):
        Question("a", choices, right)


def test_a_question_with_a_choice_without_a_token_of_its_own_is_dropped_and_counted(caplog):
    """``ab`` is one token, so that nothing of the first choice stands behind the prompt."""
    tokenizer = tokenizer_of_letters(merged=(("a", "b"),))
    bare, whole, long = (
        Question("a", ("b", "c"), 0),
        Question("x", ("y", "z"), 1),
        Question("x", ("yyyyy", "z"), 1),
    )
    rows = rows_to_judge("validation", Questions((bare, whole, long)), tokenizer, 4)
    assert [ids.tolist() for ids in rows.input_ids] == [tokens("xy"), tokens("xz")]
    assert (
        "dropped 2 of 3 questions of the validation part: of 1 not all choices are whole within 4 tokens, "
        "of 1 a choice has no token behind the prompt's"
    ) in caplog.text
    with pytest.raises(InputError, match="with a token of its own in each choice"):
        rows_to_learn("training", Questions((bare,)), tokenizer, 4)


@pytest.mark.parametrize("begins", [False, True])
def test_an_end_that_the_tokenizer_appends_is_neither_learned_nor_judged(begins):
    tokenizer = tokenizer_of_letters(begins=begins, closes=True)
    asked, first = Questions((Question("x", ("y", "zz"), 1),)), [BEGIN] * begins
    judged = rows_to_judge("validation", asked, tokenizer, 3 + begins)
    assert [ids.tolist() for ids in judged.input_ids] == [[*first, *tokens("xy")], [*first, *tokens("xzz")]]
    (learned,) = rows_to_learn("training", asked, tokenizer, 3 + begins).labels
    assert learned[learned >= 0].tolist() == tokens("zz")


def test_an_end_that_the_tokenizer_appends_is_no_token_of_a_choice_s_own():
    tokenizer = tokenizer_of_letters(closes=True, merged=(("a", "b"),))
    with pytest.raises(InputError, match="with a token of its own in each choice"):
        rows_to_judge("validation", Questions((Question("a", ("b", "c"), 0),)), tokenizer, 4)
