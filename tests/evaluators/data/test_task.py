"""A task's parts depend on the texts alone, and its rows are what the tokenizer says."""

from __future__ import annotations

import logging
import random
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from evaluators.data.text_table import TextTable
from spaces.errors import InputError, UsageError
from tests.evaluators.data.letters import BEGIN, tokenizer_of_letters, tokens
from tests.evaluators.data.small_task import CLS, SEP, built, parts, table, words


def test_validation_is_a_tenth_of_the_training_rows(tokenizer: PreTrainedTokenizerBase) -> None:
    task = built("accuracy", table(range(900)), table(range(900, 1000)), tokenizer)
    train, validation, test = parts(task)
    assert sorted(train + validation) == list(range(900))
    assert 60 < len(validation) < 120
    assert sorted(test) == list(range(900, 1000))
    assert task.objective.label_names == ("a", "b")
    assert task.objective.num_labels == 2
    for rows in (task.train, task.validation, task.test):
        assert rows.labels.dtype == np.int64
        assert rows.labels.tolist() == [number % 2 for number in words(rows)]


def test_the_order_of_the_file_changes_nothing(tokenizer: PreTrainedTokenizerBase) -> None:
    shuffled = list(range(300))
    random.Random(0).shuffle(shuffled)
    test = table(range(300, 340))
    one = built("accuracy", table(range(300)), test, tokenizer, train_rows=50, eval_rows=10)
    two = built("accuracy", table(shuffled), test, tokenizer, train_rows=50, eval_rows=10)
    assert parts(one) == parts(two)


def test_caps_keep_a_prefix_and_move_no_row_to_another_part(tokenizer: PreTrainedTokenizerBase) -> None:
    tables = table(range(300)), table(range(300, 340))
    whole = parts(built("accuracy", *tables, tokenizer))
    capped = parts(built("accuracy", *tables, tokenizer, train_rows=50, eval_rows=7))
    assert capped == [whole[0][:50], whole[1][:7], whole[2][:7]]


def test_a_capped_sample_is_fair(tokenizer: PreTrainedTokenizerBase) -> None:
    by_label = [*range(0, 800, 2), *range(1, 800, 2)]
    task = built("accuracy", table(by_label), table(range(800, 999)), tokenizer, train_rows=200)
    assert 65 < task.train.labels.sum() < 135


def test_equal_texts_share_a_part(tokenizer: PreTrainedTokenizerBase) -> None:
    task = built("accuracy", table([*range(100)] * 3), table(range(100, 120)), tokenizer)
    train, validation, _ = parts(task)
    assert not set(train) & set(validation)
    assert len(train) + len(validation) == 300


def test_two_rows_are_enough_to_train_and_to_select(tokenizer: PreTrainedTokenizerBase) -> None:
    task = built("accuracy", table(range(2)), table(range(2)), tokenizer)
    assert [len(part) for part in parts(task)] == [1, 1, 2]


def test_pairs_are_tokenised_together_with_their_token_types(tokenizer: PreTrainedTokenizerBase) -> None:
    pairs = TextTable((("w0 w1", "w2"), ("w3", "w4")), ("a", "b"))
    task = built("f1", pairs, pairs.take([0]), tokenizer)
    assert task.test.input_ids[0].tolist() == [CLS, 4, 5, SEP, 6, SEP]
    assert task.test.token_type_ids is not None
    assert task.test.token_type_ids[0].tolist() == [0, 0, 0, 0, 1, 1]
    assert task.test.input_ids[0].dtype == np.int64


@pytest.mark.parametrize("limit", [3, 8])
@pytest.mark.parametrize("puts", [False, True])
def test_a_labelled_text_that_begins_itself_gets_no_second_beginning(puts: bool, limit: int) -> None:
    rows = TextTable((("<begin>bead",), ("abcd",)) * 2, ("a", "b") * 2)
    task = built("accuracy", rows, rows, tokenizer_of_letters(begins=puts), max_length=limit)
    found = {tuple(ids.tolist()) for ids in task.test.input_ids}
    plain = [BEGIN, *tokens("abcd")] if puts else tokens("abcd")
    assert found == {(BEGIN, *tokens("bead"))[:limit], tuple(plain[:limit])}
    said = (
        "2 of 4 rows of the evaluation part begin with '<begin>', which the tokenizer puts in front as well"
    )
    assert any(note.startswith(said) for note in task.notes) is puts


def test_single_texts_need_no_token_types(tokenizer: PreTrainedTokenizerBase) -> None:
    assert built("accuracy", table(range(9)), table(range(9)), tokenizer).train.token_type_ids is None


def test_rows_are_cut_at_the_maximum_length_and_not_padded(tokenizer: PreTrainedTokenizerBase) -> None:
    texts = TextTable((("w1 w2 w3 w4 w5",), ("w1",)), ("a", "b"))
    task = built("accuracy", texts, texts, tokenizer, max_length=4)
    assert sorted(row.tolist() for row in task.test.input_ids) == [[CLS, 5, SEP], [CLS, 5, 6, SEP]]


def test_the_tokenizer_may_state_a_lower_maximum_length(
    tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "model_max_length", 3)
    texts = TextTable((("w1 w2 w3 w4 w5",), ("w2 w3",)), ("a", "b"))
    assert {len(row) for row in built("accuracy", texts, texts, tokenizer).test.input_ids} == {3}


def test_a_regression_keeps_its_values_and_has_one_output(tokenizer: PreTrainedTokenizerBase) -> None:
    texts = tuple((f"w{n}",) for n in range(4))
    task = built(
        "pearson",
        TextTable(texts, ("0", "1.5", "2", "3")),
        TextTable(texts, (0.0, 1.5, 2.0, 3.0)),
        tokenizer,
        numbers=True,
    )
    assert task.objective.label_names == ()
    assert task.objective.num_labels == 1
    assert task.test.labels.dtype == np.float32
    assert dict(zip(words(task.test), task.test.labels.tolist(), strict=True)) == {
        0: 0.0,
        1: 1.5,
        2: 2.0,
        3: 3.0,
    }


def test_texts_in_both_tables_are_reported(
    tokenizer: PreTrainedTokenizerBase, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "evaluators"):
        built("accuracy", table(range(20)), table(range(17, 30)), tokenizer)
    assert "3 texts of the evaluation rows are also among the training rows" in caplog.text

    with caplog.at_level(logging.WARNING, "evaluators"):
        task = built("accuracy", table(range(20)), table(range(19, 30)), tokenizer)
    assert task.notes == ("1 text of the evaluation rows is also among the training rows",)


@pytest.mark.parametrize(("train", "test", "part"), [(0, 5, "training"), (5, 0, "evaluation")])
def test_an_empty_table_is_refused(
    tokenizer: PreTrainedTokenizerBase, train: int, test: int, part: str
) -> None:
    with pytest.raises(InputError, match=f"the {part} table has no rows"):
        built("accuracy", table(range(train)), table(range(test)), tokenizer)


def test_a_pair_is_not_judged_by_single_texts(tokenizer: PreTrainedTokenizerBase) -> None:
    pairs = TextTable((("w1", "w2"),), ("a",))
    with pytest.raises(InputError, match="training rows have 1 text and evaluation rows 2"):
        built("accuracy", table(range(9)), pairs, tokenizer)


@pytest.mark.parametrize(
    ("metric", "labels", "numbers", "message"),
    [
        ("pearson", "ab", False, "`metric='pearson'` is not for classification; use accuracy"),
        ("accuracy", "12", True, "`metric='accuracy'` is not for regression; use pearson"),
        ("f1", "abc", False, "`metric='f1'` needs 2 labels, not 3; use accuracy or f1_macro"),
        ("auc", "ab", False, "`metric='auc'` is unknown"),
    ],
)
def test_a_metric_must_suit_the_labels(
    tokenizer: PreTrainedTokenizerBase, metric: str, labels: str, numbers: bool, message: str
) -> None:
    rows = table(range(9), labels)
    with pytest.raises(UsageError, match=message):
        built(metric, rows, rows, tokenizer, numbers=numbers)


@pytest.mark.parametrize("limit", ["max_length", "train_rows", "eval_rows"])
def test_a_limit_below_one_is_refused(tokenizer: PreTrainedTokenizerBase, limit: str) -> None:
    limits: dict[str, Any] = {"max_length": 8, "train_rows": 8, "eval_rows": 8, limit: 0}
    with pytest.raises(UsageError, match=f"{limit}=0 must be at least 1"):
        built("accuracy", table(range(9)), table(range(9)), tokenizer, **limits)


def test_a_maximum_length_without_room_for_a_word_is_refused(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(
        UsageError, match="`max_length=2` must be at least 3: the special tokens and one token"
    ):
        built("accuracy", table(range(9)), table(range(9)), tokenizer, max_length=2)


def test_a_text_without_tokens_is_refused() -> None:
    bare = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    )
    rows = TextTable((("a",), ("",)), ("a", "b"))
    with pytest.raises(InputError, match="the tokenizer makes no token of 2 of 4 rows"):
        built("accuracy", rows, rows, bare)


def test_a_table_needs_a_label_a_row_and_one_width() -> None:
    with pytest.raises(ValueError, match="1 row of texts need as many labels, not 2"):
        TextTable((("a",),), ("x", "y"))
    with pytest.raises(ValueError, match=r"rows have \[1, 2\] texts"):
        TextTable((("a",), ("a", "b")), ("x", "y"))


def test_a_tokenizer_that_fails_on_the_texts_is_one_line() -> None:
    """Without an unknown token, at a word that it does not know."""
    few = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"w0": 0, "w1": 1})))
    with pytest.raises(InputError, match=r"tokenizer fails on the task's texts \(.*\); mend its") as error:
        built("accuracy", table(range(20)), table(range(4)), few)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("method", ["num_special_tokens_to_add", "__call__"])
def test_a_panic_of_the_tokenizer_is_one_line(
    method: str, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        """As Rust's, which pyo3 derives from BaseException."""

    def panic(*_: Any, **__: Any) -> None:
        raise Panic("index out\nof bounds")

    monkeypatch.setattr(type(tokenizer), method, panic)
    with pytest.raises(InputError, match=r"fails on the task's texts \(Panic: index out of bounds\)"):
        built("accuracy", table(range(20)), table(range(4)), tokenizer)
