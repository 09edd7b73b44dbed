"""A task's parts depend on the texts alone, and its rows are what the tokenizer says."""

from __future__ import annotations

import logging
import random
import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from evaluators.data.rows import Rows
from evaluators.data.task import Task, build_task
from evaluators.data.text_table import TextTable
from evaluators.objectives.classification import classification
from evaluators.objectives.regression import regression
from spaces.errors import InputError, UsageError

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CLS, SEP = 2, 3


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """Splits at white space; the word ``w17`` is token 4 + 17; pairs as in BERT."""
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *(f"w{n}" for n in range(1000))])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def table(numbers: range | list[int], labels: str = "ab") -> TextTable:
    """Row n is the text ``w<n>`` with one of the labels in turn."""
    return TextTable(tuple((f"w{n}",) for n in numbers), tuple(labels[n % len(labels)] for n in numbers))


def built(
    metric: str,
    train: TextTable,
    test: TextTable,
    tokenizer: PreTrainedTokenizerBase,
    *,
    numbers: bool = False,
    positive: str | None = None,
    **limits: int,
) -> Task:
    """A task named ``t`` of classes, or of numbers."""
    classes = partial(classification, metric=metric, positive=positive)
    labelled = partial(regression, metric=metric) if numbers else classes
    return build_task("t", labelled, train, test, tokenizer, **limits)


def words(rows: Rows) -> list[int]:
    return [int(ids[1]) - len(SPECIAL) for ids in rows.input_ids]


def parts(task: Task) -> list[list[int]]:
    return [words(task.train), words(task.validation), words(task.test)]


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


def frauds(count: int, share: int = 10, *, names: tuple[str, str] = ("fraud", "legit")) -> TextTable:
    """Rows of which every ``share``-th has the first name."""
    return TextTable(
        tuple((f"w{n}",) for n in range(count)), tuple(names[n % share > 0] for n in range(count))
    )


def test_f1_is_of_the_rarer_label_unless_one_is_named(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = frauds(200)
    for metric in ("f1", "accuracy_and_f1"):
        task = built(metric, rows, rows, tokenizer)
        assert task.objective.positive_label == task.objective.metric_label == "fraud"
        assert task.objective.metric_title == f"{metric} of 'fraud'"
        assert "F1 is of the label 'fraud', the rarer one, 10.0% of the training rows" in task.notes[-1]
    named = built("f1", rows, rows, tokenizer, positive="legit")
    assert named.objective.positive_label == "legit"
    assert "F1 is of the label 'legit', 90.0% of the training rows" in named.notes
    as_numbers = frauds(200, names=("1", "0"))
    assert built("f1", as_numbers, as_numbers, tokenizer).objective.positive_label == "1"


def test_of_two_equally_rare_labels_f1_is_of_the_last(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = frauds(200, 2)
    assert built("f1", rows, rows, tokenizer).objective.positive_label == "legit"


def test_caps_do_not_change_whose_f1_it_is(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = frauds(200)
    for cap in range(1, 60):
        assert built("f1", rows, rows, tokenizer, train_rows=cap).objective.positive_label == "fraud"


def test_other_metrics_are_of_no_label_and_say_nothing_of_one(tokenizer: PreTrainedTokenizerBase) -> None:
    task = built("accuracy", frauds(200), frauds(200), tokenizer)
    assert task.objective.metric_title == "accuracy"
    assert not any("F1" in note for note in task.notes)
    three = table(range(30), "abc")
    assert built("f1_macro", three, three, tokenizer).objective.positive_label is None


@pytest.mark.parametrize(
    ("metric", "positive", "message"),
    [
        ("f1", "1", "'1'` is none of the labels 'fraud', 'legit'"),
        ("accuracy_and_f1", "Fraud", "'Fraud'` is none of the labels 'fraud', 'legit'"),
        *[(m, "fraud", f"{m} is of no one label") for m in ("accuracy", "f1_macro", "matthews")],
    ],
)
def test_a_positive_label_that_means_nothing_is_refused(
    tokenizer: PreTrainedTokenizerBase, metric: str, positive: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as error:
        built(metric, frauds(50), frauds(50), tokenizer, positive=positive)
    assert "'fraud', 'legit'" in str(error.value)


@pytest.mark.parametrize(
    ("metric", "name", "meaning"),
    [
        ("f1", "legit", "f1 is 0 there whatever a model predicts"),
        ("f1", "fraud", "f1 is best there for a model that always predicts it"),
        ("accuracy_and_f1", "legit", "accuracy_and_f1 is best there for a model that always"),
        ("f1_macro", "legit", "f1_macro is best there for a model that always predicts it"),
        ("matthews", "legit", "matthews is 0 there whatever a model predicts"),
        ("accuracy", "legit", "accuracy is best there for a model that always predicts it"),
    ],
)
def test_a_part_with_one_label_says_so(
    tokenizer: PreTrainedTokenizerBase,
    caplog: pytest.LogCaptureFixture,
    metric: str,
    name: str,
    meaning: str,
) -> None:
    test = TextTable((("w900",), ("w901",)), (name, name))
    with caplog.at_level(logging.WARNING, "evaluators"):
        task = built(metric, frauds(300), test, tokenizer)
    (said,) = [note for note in task.notes if "all have" in note]
    assert said.startswith(f"the evaluation rows all have the label {name!r}: {meaning}")
    assert said in caplog.text


def test_a_validation_part_and_a_regression_with_one_label_say_so(tokenizer: PreTrainedTokenizerBase) -> None:
    task = built("f1", frauds(40), frauds(40), tokenizer, eval_rows=1)
    assert "the validation rows all have the label 'fraud': f1 is best there" in " ".join(task.notes)
    rows = TextTable(tuple((f"w{n}",) for n in range(30)), (2.5,) * 30)
    notes = built("pearson", rows, rows, tokenizer, numbers=True).notes
    assert "the evaluation rows all have the label 2.5: pearson is 0 there whatever a model predicts" in notes
    assert "the training rows all have the label 2.5: nothing else can be learned from them" in notes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes", "yes"),
        ("caf\u00e9", "cafe\u0301"),
        ("not good", "not  good"),
        ("ok", "ok\u200b"),
        ("\uff11", "1"),
        ("straße", "STRASSE"),
        ("true", "TRUE"),
        ("1", "1.0"),
        ("1e+16", "10000000000000000"),
        ("-0.50", "-.5E0"),
        ("007", "7"),
    ],
)
def test_labels_that_read_alike_are_named(tokenizer: PreTrainedTokenizerBase, one: str, other: str) -> None:
    rows = frauds(60, 2, names=(one, other))
    task = built("accuracy", rows, rows, tokenizer)
    assert len(task.objective.label_names) == 2
    said = next(
        note for note in task.notes if "differ in case, blanks, Unicode form or the way to write" in note
    )
    assert ascii(one) in said
    assert ascii(other) in said


def test_labels_that_read_unlike_are_not(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = frauds(60, 2, names=("resume", "r\u00e9sum\u00e9"))
    assert built("accuracy", rows, frauds(60, 2, names=("resume", "r\u00e9sum\u00e9")), tokenizer)
    assert not any("differ" in note for note in built("accuracy", rows, rows, tokenizer).notes)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1.5"), ("9007199254740992", "9007199254740993"), ("10", "1_0"), ("nan", "-nan"), ("v1", "v1.0")],
)
def test_numbers_that_differ_are_not_alike(tokenizer: PreTrainedTokenizerBase, one: str, other: str) -> None:
    rows = frauds(60, 2, names=(one, other))
    assert not any("differ" in note for note in built("accuracy", rows, rows, tokenizer).notes)


@pytest.mark.parametrize("endless", ["inf", "-inf"])
def test_a_label_that_numbers_without_end_are_read_as_is_named(
    tokenizer: PreTrainedTokenizerBase, endless: str
) -> None:
    rows = frauds(60, 2, names=(endless, "0"))
    notes = built("accuracy", rows, rows, tokenizer).notes
    assert any(f"the label '{endless}' is also what every number too large" in note for note in notes)


def test_a_label_unseen_in_training_is_named(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(
        InputError, match=r"label 'c' of the evaluation rows was never seen in training.*'a', 'b'"
    ):
        built("accuracy", table(range(20)), table(range(20), "abc"), tokenizer)


@pytest.mark.parametrize(("train", "test", "part"), [(0, 5, "training"), (5, 0, "evaluation")])
def test_an_empty_table_is_refused(
    tokenizer: PreTrainedTokenizerBase, train: int, test: int, part: str
) -> None:
    with pytest.raises(InputError, match=f"the {part} table has no rows"):
        built("accuracy", table(range(train)), table(range(test)), tokenizer)


def test_one_label_is_not_a_task(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(
        InputError, match="all 9 training rows have the label 'a'; give rows of at least 2 labels"
    ):
        built("accuracy", table(range(9), "a"), table(range(9), "a"), tokenizer)


@pytest.mark.parametrize(
    "label",
    ["much", "nan", "inf", "1e300", "-1e300", "1e39", "1e16", "9" * 400, "9" * 5000, "\0", "\x1b[31m"],
)
def test_a_regression_label_that_is_no_number_is_named(
    tokenizer: PreTrainedTokenizerBase, label: str
) -> None:
    bad = TextTable((("w1",), ("w2",)), ("1", label))
    shown = re.escape(repr(label[:40]))
    with pytest.raises(InputError, match=f"label {shown}.* of the .* rows is not a finite number"):
        built("pearson", bad, bad, tokenizer, numbers=True)


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
