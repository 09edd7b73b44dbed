"""Classification against scikit-learn and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, log_loss, matthews_corrcoef

from evaluators.objectives.classification import Classification, classification
from spaces.errors import InputError, UsageError
from spaces.objective import Batch

LOGITS = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
LABELS = np.random.default_rng(0).integers(0, 2, 200)


def test_the_loss_of_a_row_is_its_cross_entropy():
    objective = Classification(("a", "b"))
    logits, labels = torch.tensor([[1.0, 3.0], [0.5, 0.5]]), torch.tensor([1, 0])
    expected = torch.stack([torch.log(1 + torch.exp(torch.tensor(-2.0))), torch.log(torch.tensor(2.0))])
    losses = objective.losses_of(logits, labels)
    torch.testing.assert_close(losses.sums, expected)
    assert losses.counts.tolist() == [1.0, 1.0]
    torch.testing.assert_close(losses.mean(), expected.mean())


def test_a_row_whose_label_is_ignored_is_no_target():
    objective, labels = Classification(("a", "b")), torch.tensor([1, -100])
    losses = objective.losses_of(torch.zeros(2, 2), labels)
    assert losses.counts.tolist() == objective.targets(labels).tolist() == [1, 0]
    assert float(losses.mean()) == pytest.approx(math.log(2))


@pytest.mark.parametrize(("metric", "positive", "expected"), [
    ("accuracy", None, lambda said: (said == LABELS).mean()),
    ("matthews", None, lambda said: matthews_corrcoef(LABELS, said)),
    ("f1", "b", lambda said: f1_score(LABELS, said)),
    ("f1", "a", lambda said: f1_score(1 - LABELS, 1 - said)),
])  # fmt: skip
def test_a_score_is_scikit_learns_metric_and_mean_loss(metric, positive, expected):
    score = Classification(("a", "b"), metric, positive).score(LOGITS, LABELS)
    assert score is not None
    assert score.metric == pytest.approx(expected(LOGITS.argmax(1).numpy()))
    assert score.loss == pytest.approx(log_loss(LABELS, torch.softmax(LOGITS.double(), 1).numpy()), rel=1e-6)


def test_chance_is_the_entropy_and_what_each_class_gets():
    found = Classification(("a", "b")).chance(np.array([0, 0, 0, 1]))
    assert found.loss == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert (found.metrics, found.rows) == ((0.75, 0.25), 4)
    assert Classification(("a", "b", "c"), "matthews").chance(np.array([0, 1, 2, 2])).metrics == (0, 0, 0)


@pytest.mark.parametrize("label", [None, "c"])
def test_a_metric_of_one_label_without_its_label_cannot_be_made(label):
    with pytest.raises(ValueError, match="positive_label"):
        Classification(("a", "b"), "f1", label)


def test_it_says_whose_f1_it_is():
    objective = Classification(("a", "b"), "f1", "a")
    assert (objective.metric_label, objective.metric_title) == ("a", "f1 of 'a'")
    plain = Classification(("a", "b"), "accuracy", "a")
    assert (plain.metric_label, plain.metric_title) == (None, "accuracy")


def test_class_ids_follow_the_sorted_names_of_all_training_labels():
    objective = classification(["b", "c", "a", "b"]).objective
    assert objective.label_names == ("a", "b", "c")
    assert objective.encoded(["c", "a"], "test").tolist() == [2, 0]
    with pytest.raises(InputError, match="label 'd' of the test rows was never seen in training"):
        objective.encoded(["d"], "test")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([str(i) for i in range(12)], tuple(str(i) for i in range(12))),
        (["9", "10", "-3", "-20", "+1"], ("-20", "-3", "+1", "9", "10")),
        (["1", "01", "10"], ("01", "1", "10")),
        (["10", "9", "none"], ("10", "9", "none")),
        (["10", "9", "1.5"], ("1.5", "10", "9")),
        (["10", "²", "9"], ("10", "9", "²")),
        (["1" * 5000, "9"], ("9", "1" * 5000)),
    ],
)
def test_names_that_are_all_whole_numbers_have_ids_in_their_order(labels, names):
    assert classification(labels).objective.label_names == names


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        ([f"{half / 2:g}" for half in range(11)], True),
        (["-0.5", "+2", ".25", "1E-3"], True),
        (["1e-999999999", "1e999999999"], True),
        (["0", "1", "10"], False),
        (["0.0", "1.00", "2e3"], False),
        (["0.5", "unknown"], False),
        (["0.5", "inf"], False),
        (["0.5", "nan"], False),
        (["0.5", ""], False),
    ],
)
def test_labels_that_are_numbers_and_not_all_whole_may_be_meant_as_numbers(names, numbers):
    said = " ".join(classification(names).warnings)
    assert ("are numbers, not all of them whole, and here" in said) is numbers
    assert ("`objective=regression`" in said) is numbers


@pytest.mark.parametrize(
    ("names", "unseen", "numbers"),
    [
        (["0.5", "1"], "0.7", True),
        (["0.5", "1"], "3", True),
        (["0", "1"], "0.7", True),
        (["0", "1"], "2", False),
        (["0.5", "1"], "none", False),
        (["no", "yes"], "0.5", False),
    ],
)
def test_a_label_that_is_a_number_and_was_never_seen_may_be_meant_as_one(names, unseen, numbers):
    with pytest.raises(InputError, match=f"{unseen!r} of the test rows was never seen") as error:
        classification(names).objective.encoded([names[0], unseen], "test")
    assert str(error.value).endswith("`objective=regression`." if numbers else "or drop its rows.")


def test_a_metric_of_numbers_is_refused():
    with pytest.raises(UsageError, match="`metric='pearson'` is not for classification; use accuracy"):
        classification(["a", "b"], metric="pearson")


def test_a_model_of_other_labels_is_refused_by_its_shape(tiny_model, tiny_batch):
    batch = Batch(tiny_batch, torch.zeros(6, dtype=torch.long))
    with pytest.raises(InputError, match=r"gives outputs \(6, 2\) for 6 rows and 3 labels, not \(6, 3\)"):
        Classification(("a", "b", "c")).outputs(tiny_model("bert"), batch)
