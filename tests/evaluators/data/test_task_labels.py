"""Labels of a task: whose F1 it is, parts of one label, labels that read alike, and those that cannot be."""

from __future__ import annotations

import logging
import re

import pytest
from transformers import PreTrainedTokenizerBase

from evaluators.data.text_table import TextTable
from spaces.errors import InputError, UsageError
from tests.evaluators.data.small_task import built, table


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


@pytest.mark.parametrize(("rows", "whose"), [(9, "all 9 training rows"), (1, "the only training row")])
def test_one_label_is_not_a_task(tokenizer: PreTrainedTokenizerBase, rows: int, whose: str) -> None:
    with pytest.raises(InputError, match=f"the label of {whose} is 'a'; give rows of at least 2 labels"):
        built("accuracy", table(range(rows), "a"), table(range(9), "a"), tokenizer)


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
