"""What every objective promises, whatever is learned (DESIGN, section 8)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows, joined_labels
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.choice_labels import choice_labels
from evaluators.objectives.classification import Classification
from evaluators.objectives.multiple_choice import MultipleChoice
from evaluators.objectives.regression import Regression
from evaluators.objectives.task_objective import TaskObjective
from spaces.errors import InputError
from spaces.objective import Batch

OBJECTIVES: Final[Sequence[TaskObjective]] = [
    Classification(("a", "b", "c")),
    Classification(("a", "b"), "f1", "a"),
    Classification(("a", "b"), "matthews"),
    Regression(),
    Regression("pearson_and_spearman"),
    CausalLM(),
    CausalLM("token_accuracy"),
    MultipleChoice(),
    MultipleChoice("f1_macro"),
]


def rows_for(objective: TaskObjective, count: int = 8) -> Rows:
    rng = np.random.default_rng(0)
    ids = tuple(rng.integers(4, 100, rng.integers(3, 12)) for _ in range(count))
    if isinstance(objective, MultipleChoice):  # two choices a question, the first of which is right in some
        labels = [
            choice_labels(row, 2, question=n // 2, place=n % 2, right=n % 2 == n // 2 % 2)
            for n, row in enumerate(ids)
        ]
        return Rows(ids, None, tuple(labels))
    if objective.architecture == "causal_lm":  # of some rows only the end is to be learned
        return Rows(
            ids, None, tuple(np.where(np.arange(len(row)) < n % 3, -100, row) for n, row in enumerate(ids))
        )
    if objective.label_names:
        return Rows(ids, None, rng.integers(0, len(objective.label_names), count))
    return Rows(ids, None, rng.standard_normal(count).astype(np.float32))


@pytest.fixture(params=OBJECTIVES, ids=repr)
def objective(request) -> TaskObjective:
    return request.param


@pytest.fixture
def model(objective, tiny_model, tiny_language_model) -> PreTrainedModel:
    if objective.architecture == "causal_lm":
        return tiny_language_model("llama")
    return tiny_model("bert", num_labels=objective.num_labels)


@pytest.fixture
def batch(objective, model) -> Batch:
    return batch_of(model, rows_for(objective), range(8))


def test_it_can_be_sent_to_a_process_and_compared(objective):
    assert pickle.loads(pickle.dumps(objective)) == objective
    assert objective.direction in ("maximize", "minimize")
    assert objective.rows_apart


def test_papers_print_all_metrics_times_100_but_those_with_a_unit(objective):
    assert objective.in_percent == (objective.metric not in ("loss", "perplexity"))


def test_losses_are_sums_and_counts_of_rows_that_depend_on_no_other(objective, model, batch):
    sums, counts = objective.losses(model, batch)
    assert sums.shape == counts.shape == (8,)
    assert sums.dtype == counts.dtype == torch.float32
    for row in range(8):
        one = objective.losses(model, batch.take(slice(row, row + 1)))
        torch.testing.assert_close(one.sums[0], sums[row], rtol=0, atol=1e-5)
        assert one.counts[0] == counts[row]
    assert torch.equal(objective.targets(batch.labels), counts)


def test_the_loss_of_the_whole_is_transformers_own(objective, model, batch):
    model.config.problem_type = objective.problem_type
    labels = batch.labels.clamp(min=-100) if objective.architecture == "causal_lm" else batch.labels
    theirs = model(**batch.inputs, labels=labels)
    ours = objective.losses(model, batch)
    torch.testing.assert_close(ours.mean(), theirs.loss, rtol=0, atol=1e-6)
    torch.testing.assert_close(objective.losses_of(theirs.logits, batch.labels).sums, ours.sums)


def test_outputs_are_of_each_row_however_far_it_is_padded(objective, model):
    rows = rows_for(objective)
    plain = objective.outputs(model, batch_of(model, rows, range(8)))
    padded = objective.outputs(model, batch_of(model, rows, range(8), least=30))
    assert plain.ndim == 2
    assert plain.dtype == torch.float32
    torch.testing.assert_close(padded, plain, rtol=0, atol=1e-5)
    assert objective.comparable(plain).shape[0] == 8
    assert 0 < objective.rounding < 1


def test_outputs_are_all_that_judging_needs(objective, model):
    """In the order of the rows, and the mean loss is that of all targets."""
    rows = rows_for(objective)
    batch = batch_of(model, rows, range(8))
    score = objective.score(objective.outputs(model, batch), rows.labels)
    assert score is not None
    losses = objective.losses(model, batch)
    assert score.loss == pytest.approx(float(losses.sums.sum() / losses.counts.sum()), abs=1e-6)
    order = [3, 1, 0, 7, 2, 6, 5, 4]
    moved = rows.take(order)
    again = objective.score(objective.outputs(model, batch_of(model, moved, range(8))), moved.labels)
    assert again is not None
    assert again[:2] == pytest.approx(score[:2], abs=1e-6)
    assert dict(again.beside) == pytest.approx(dict(score.beside), rel=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_outputs_that_are_not_finite_have_no_score(objective, model, bad):
    rows = rows_for(objective)
    outputs = objective.outputs(model, batch_of(model, rows, range(8)))
    outputs[3, 0] = bad
    assert objective.score(outputs, rows.labels) is None


def test_the_total_is_a_scalar_that_the_rows_add_up_to(objective, model, batch):
    whole = objective.total(model, batch.inputs)
    parts = [objective.total(model, batch.take(slice(row, row + 1)).inputs) for row in range(8)]
    assert whole.shape == ()
    torch.testing.assert_close(whole, torch.stack(parts).sum(), rtol=0, atol=1e-4)


def test_its_head_is_modules_of_the_model_by_name(objective, model):
    head = objective.head(model)
    assert all(model.get_submodule(name) is module for name, module in head.items())
    assert list(head) == list(ARCHITECTURES[objective.architecture].head(model))


def test_classes_are_those_of_the_rows_where_there_are_any(objective, batch):
    classes = objective.classes(batch)
    assert (classes is None) == (not objective.label_names)
    assert classes is None or torch.equal(classes, batch.labels)


def test_nothing_of_the_model_changes(objective, model, batch):
    before = copy.deepcopy(model.state_dict())
    objective.check_model(model)
    objective.losses(model, batch)
    objective.outputs(model, batch)
    objective.total(model, batch.inputs)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_chance_is_no_better_than_the_best_score_and_knows_its_rows(objective):
    rows = rows_for(objective, 40)
    chance = objective.chance(joined_labels([rows.labels, rows.labels]))
    count = 40 if isinstance(objective, MultipleChoice) else 80  # questions of two choices
    assert chance is None or (chance.rows == count and all(-1 <= metric <= 1 for metric in chance.metrics))


def test_labels_of_another_number_of_dimensions_are_refused(objective: TaskObjective) -> None:
    shapes = [(), (2,), (2, 3), (2, 3, 4)]
    right = (2, 3) if objective.architecture == "causal_lm" else (2,)
    assert objective.targets(torch.ones(right, dtype=torch.int64)).shape == (2,)
    for shape in set(shapes) - {right}:
        with pytest.raises(InputError) as error:
            objective.targets(torch.ones(shape, dtype=torch.int64))
        names, each = ("rows, tokens", "token") if len(right) == 2 else ("rows", "row")
        assert str(error.value) == (
            f"`labels` have the shape {shape}, which is not ({names}): a model that learns what this one "
            f"does has a label for each {each}; collate them so."
        )
