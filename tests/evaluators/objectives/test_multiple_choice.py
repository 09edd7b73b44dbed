from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.choice_labels import choice_labels
from evaluators.objectives.multiple_choice import MultipleChoice
from spaces.errors import InputError, UsageError


def rows_of(right: list[int], lengths: list[int], *, seed: int = 0) -> Rows:
    """Questions whose choices have so many tokens behind a prompt of three, and which of them is right."""
    rng = np.random.default_rng(seed)
    ids, labels = [], []
    for question, answer in enumerate(right):
        prompt = rng.integers(4, 100, 3)
        for place, length in enumerate(lengths):
            row = np.concatenate([prompt, rng.integers(4, 100, length)])
            ids.append(row)
            labels.append(choice_labels(row, 3, question=question, place=place, right=place == answer))
    return Rows(tuple(ids), None, tuple(labels))


def log_likelihood(model, row: np.ndarray, start: int) -> float:
    """Of a row's tokens from ``start`` on, one row at a time."""
    with torch.no_grad():
        said = model(input_ids=torch.from_numpy(row)[None]).logits[0].double().log_softmax(-1)
    return sum(float(said[place - 1, row[place]]) for place in range(start, len(row)))


def test_the_answer_is_the_choice_of_the_largest_summed_log_likelihood(tiny_language_model):
    model, rows = tiny_language_model("llama"), rows_of([0, 2, 1, 1, 0, 2], [1, 3, 2])
    likely = np.array([log_likelihood(model, row, 3) for row in rows.input_ids]).reshape(6, 3)
    expected = float((likely.argmax(1) == [0, 2, 1, 1, 0, 2]).mean())
    outputs = MultipleChoice().outputs(model, batch_of(model, rows, range(len(rows))))
    score = MultipleChoice().score(outputs, rows.labels)
    assert score.metric == pytest.approx(expected)
    tokens = np.array([1, 3, 2])[[0, 2, 1, 1, 0, 2]].sum()
    assert score.loss == pytest.approx(-likely[np.arange(6), [0, 2, 1, 1, 0, 2]].sum() / tokens, abs=1e-5)


def scored(losses: list[float], right: list[int], choices: int, metric: str = "accuracy") -> float:
    outputs = torch.tensor([[loss, 1.0, 0.0] for loss in losses])
    return MultipleChoice(metric).score(outputs, rows_of(right, [1] * choices).labels).metric


def test_of_equals_the_first_is_chosen_and_metrics_are_of_places():
    assert scored([1, 1, 2, 1], [0, 0], 2) == 0.5
    assert scored([1, 1, 2, 1], [0, 1], 2) == 1
    assert scored([1, 2, 1, 2, 2, 1], [0, 0, 1], 2, "f1_macro") == 1
    assert scored([1, 2, 1, 2, 1, 2], [0, 0, 1], 2, "f1_macro") == pytest.approx((0.8 + 0) / 2)


def test_questions_survive_any_order_of_rows_and_one_without_its_answer_is_not_judged(tiny_language_model):
    model, rows = tiny_language_model("llama"), rows_of([0, 1, 1, 0], [2, 1])
    outputs = MultipleChoice().outputs(model, batch_of(model, rows, range(8)))
    whole = MultipleChoice().score(outputs, rows.labels)
    order = np.random.default_rng(1).permutation(8)
    moved = MultipleChoice().score(outputs[torch.from_numpy(order)], rows.take(order).labels)
    assert moved[:2] == pytest.approx(whole[:2])
    kept = [0, 1, 2, 4, 5, 6, 7]  # without the answer of the second question
    less = MultipleChoice().score(outputs[kept], rows.take(kept).labels)
    alone = [0, 1, 4, 5, 6, 7]
    assert less[:2] == pytest.approx(MultipleChoice().score(outputs[alone], rows.take(alone).labels)[:2])


def test_right_choices_are_learned_as_any_tokens_and_wrong_ones_not_at_all(tiny_language_model):
    model, rows = tiny_language_model("gpt2"), rows_of([1, 0], [2, 3])
    losses = MultipleChoice().losses(model, batch_of(model, rows, range(4)))
    assert losses.counts.tolist() == [0, 3, 2, 0]
    assert losses.sums[[0, 3]].tolist() == [0, 0]
    plain = Rows(rows.input_ids, None, tuple(np.maximum(row, -100) for row in rows.labels))
    assert torch.equal(losses.sums, CausalLM().losses(model, batch_of(model, plain, range(4))).sums)


def test_a_batch_of_wrong_choices_alone_has_a_loss_of_nothing(tiny_language_model):
    model, rows = tiny_language_model("llama"), rows_of([1, 1], [2, 3])
    losses = MultipleChoice().losses(model, batch_of(model, rows, [0, 2]))
    assert (losses.sums.tolist(), losses.counts.tolist()) == ([0, 0], [0, 0])


def test_chance_is_of_always_choosing_one_place():
    chance = MultipleChoice().chance(rows_of([0, 1, 1, 1], [1, 1]).labels)
    assert (chance.loss, chance.metrics, chance.rows) == (math.inf, (0.25, 0.75), 4)


def test_rows_that_are_no_choices_and_unknown_metrics_are_refused():
    with pytest.raises(InputError, match="no row is a choice"):
        MultipleChoice().score(torch.zeros(1, 3), (np.array([-100, 5]),))
    with pytest.raises(UsageError, match="`metric=loss` is not for multiple choice; choose one of accuracy"):
        MultipleChoice("loss")
