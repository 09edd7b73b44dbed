"""Cohorts against separate runs, against plain PyTorch, and when things go wrong."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.rows import Rows, padded_inputs
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.objectives.own_loss import OwnLoss
from evaluators.objectives.regression import Regression
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort, score_trained
from evaluators.training.data_order import epoch_batches
from evaluators.training.leg import whole
from evaluators.training.sparing import Sparing
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

RECIPE = Recipe(epochs=3, batch_size=8, warmup=0.1, weight_decay=0.01)


def rows_of(count: int, seed: int) -> Rows:
    """Rows whose label says whether token 7 is among them."""
    rng = np.random.default_rng(seed)
    ids = tuple(np.r_[2, rng.integers(8, 100, rng.integers(4, 12)), 3].astype(np.int64) for _ in range(count))
    labels = rng.integers(0, 2, count)
    for row, label in zip(ids, labels, strict=True):
        row[rng.integers(1, len(row) - 1)] = 7 if label else 8
    return Rows(ids, None, labels)


@pytest.fixture(scope="module")
def task() -> Task:
    return Task("planted", Classification(("no", "yes")), rows_of(60, 0), rows_of(40, 1), rows_of(40, 2))


CANDIDATES = [
    Candidate(Allocation.of({"layers.0.q": 2, "layers.1.v": 4, "layers.2.res1": 3}), 0, 3e-3),
    Candidate(Allocation.of({"layers.1.v": 1, "layers.2.cut": 2, "layers.2.in": 2}), 1, 1e-2),
    Candidate(Allocation.of({"layers.0.fc1": 3, "layers.2.q": 5}), 2, 5e-3),
]


@pytest.fixture
def sites(model):
    return find_sites(model, "lora[all]+shortcut")


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_a_cohort_of_three_equals_three_separate_runs(model, sites, task, renorm):
    recipe = dataclasses.replace(RECIPE, renorm=renorm)
    together = train_cohort(model, sites, task, whole(CANDIDATES), recipe, slots=3)
    assert len(together[0].evaluation.curve) == 24  # 3 epochs of 8 batches
    for candidate, trained in zip(CANDIDATES, together, strict=True):
        (alone,) = train_cohort(model, sites, task, whole([candidate]), recipe, slots=1)
        assert alone.tensors.keys() == trained.tensors.keys()
        for name, tensor in alone.tensors.items():
            torch.testing.assert_close(trained.tensors[name], tensor, rtol=0, atol=1e-4)
        np.testing.assert_allclose(trained.evaluation.curve, alone.evaluation.curve, atol=1e-4)
        assert trained.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=1e-4)


def test_an_objective_of_one_loss_a_batch_is_no_candidate_s(model, sites):
    with pytest.raises(ValueError, match="one loss a batch"):
        Cohort(model, sites, OwnLoss(), CANDIDATES, RECIPE, slots=3)


def test_totals_of_parts_add_up_to_what_losses_are_the_quotients_of(model, sites, task):
    cohort = Cohort(model, sites, task.objective, CANDIDATES, RECIPE, slots=3)
    for slot, candidate in enumerate(CANDIDATES):
        cohort.load(slot, candidate)
    parts = [[np.arange(4), np.arange(7), np.arange(2)], [np.arange(4, 9), np.arange(7, 9), np.arange(2, 9)]]
    with cohort.wires.attach(model), cohort.head.attach(), torch.no_grad():
        whole = cohort.losses(range(3), task.train, [np.arange(9)] * 3)
        one, other = (cohort.totals(range(3), task.train, part) for part in parts)
    sums, counts = one.sums + other.sums, one.counts + other.counts
    assert counts.tolist() == [9, 9, 9]
    torch.testing.assert_close(sums / counts, whole)


def in_peft(bert: PreTrainedModel, start: Mapping[str, Tensor]) -> tuple[PeftModel, dict[str, Tensor]]:
    """PEFT's adapters of rank 4 on q and v, which start from these tensors, and their own by our names."""
    config = LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=16, target_modules=["query", "value"])
    adapted = get_peft_model(bert, config)
    tensors = dict(adapted.named_parameters())
    layers = "base_model.model.bert.encoder.layer"
    pairs = {
        f"layers.{i}.{role}.{matrix}": tensors[
            f"{layers}.{i}.attention.self.{name}.lora_{matrix}.default.weight"
        ]
        for i in range(3)
        for role, name in (("q", "query"), ("v", "value"))
        for matrix in "AB"
    }
    pairs |= {
        f"head.classifier.{key}": tensors[f"base_model.model.classifier.modules_to_save.default.{key}"]
        for key in ("weight", "bias")
    }
    with torch.no_grad():
        for name, parameter in pairs.items():
            parameter.copy_(start[name])
    return adapted, pairs


def test_training_equals_peft_in_a_plain_pytorch_loop(tiny_model, task):
    """Same initial weights, batches, schedule, clipping and AdamW: the same weights after 24 steps."""
    model = tiny_model("bert")
    candidate = Candidate(
        Allocation.of({f"layers.{i}.{role}": 4 for i in range(3) for role in ("q", "v")}), 0, 3e-3
    )
    sites = find_sites(model, "lora")
    cohort = Cohort(model, sites, task.objective, [candidate], RECIPE, slots=1)
    cohort.load(0, candidate)
    reference, pairs = in_peft(tiny_model("bert"), cohort.trained(0))
    optimizer = torch.optim.AdamW(pairs.values(), lr=1.0, weight_decay=RECIPE.weight_decay)
    lengths = np.array([len(ids) for ids in task.train.input_ids])
    batches = [batch for epoch in range(3) for batch in epoch_batches(lengths, 8, seed=0, epoch=epoch)]
    for step, batch in enumerate(batches):
        inputs = {k: torch.from_numpy(v) for k, v in padded_inputs(task.train, batch, pad_token_id=1).items()}
        loss = torch.nn.functional.cross_entropy(
            reference(**inputs).logits, torch.from_numpy(task.train.labels[batch])
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(pairs.values(), 1.0)
        optimizer.param_groups[0]["lr"] = 3e-3 * linear_schedule(step, len(batches), warmup=0.1)
        optimizer.step()
    (trained,) = train_cohort(model, sites, task, whole([candidate]), RECIPE, slots=1)
    for name, parameter in pairs.items():
        torch.testing.assert_close(trained.tensors[name], parameter.detach(), rtol=0, atol=1e-4)


def test_fewer_slots_than_candidates_change_nothing(model, sites, task):
    wide = train_cohort(model, sites, task, whole(CANDIDATES), RECIPE, slots=3)
    narrow = train_cohort(model, sites, task, whole(CANDIDATES), RECIPE, slots=2)
    for one, other in zip(wide, narrow, strict=True):
        np.testing.assert_allclose(one.evaluation.curve, other.evaluation.curve, atol=1e-4)


def test_training_learns(model, sites, task):
    everything = Candidate(Allocation.of({site.name: 4 for site in sites}), 0, 1e-2)
    (trained,) = train_cohort(
        model, sites, task, whole([everything]), dataclasses.replace(RECIPE, epochs=12), slots=1
    )
    assert trained.evaluation.metric > 0.8
    assert score_trained(model, sites, task, [trained], RECIPE)[0].metric > 0.7


def test_the_base_model_is_left_as_it_was(model, sites, task):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    train_cohort(model, sites, task, whole(CANDIDATES), dataclasses.replace(RECIPE, epochs=1), slots=3)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_scoring_what_was_trained_gives_its_own_metric(model, sites, task):
    trained = train_cohort(model, sites, task, whole(CANDIDATES), RECIPE, slots=3)
    same_rows = dataclasses.replace(task, test=task.validation)
    again = score_trained(model, sites, same_rows, trained, RECIPE)
    assert [score.metric for score in again] == [one.evaluation.metric for one in trained]


def test_a_candidate_that_diverges_is_marked_and_the_others_go_on_untouched(model, sites, task):
    wild = dataclasses.replace(CANDIDATES[1], learning_rate=1e30)
    mixed = train_cohort(model, sites, task, whole([CANDIDATES[0], wild, CANDIDATES[2]]), RECIPE, slots=3)
    assert mixed[1].evaluation.metric is None
    assert "training loss became nan at step" in mixed[1].evaluation.failure
    assert "lower the learning rate of 1e+30" in mixed[1].evaluation.failure
    assert 0 < len(mixed[1].evaluation.curve) < 24
    assert mixed[1].evaluation.seconds > 0
    assert mixed[1].tensors == {}
    for index in (0, 2):
        (alone,) = train_cohort(model, sites, task, whole([CANDIDATES[index]]), RECIPE, slots=1)
        np.testing.assert_allclose(mixed[index].evaluation.curve, alone.evaluation.curve, atol=1e-4)
        assert mixed[index].evaluation.failure is None


def test_the_slot_of_a_failed_candidate_goes_to_the_next(model, sites, task):
    wild = dataclasses.replace(CANDIDATES[1], learning_rate=1e30)
    trained = train_cohort(model, sites, task, whole([wild, CANDIDATES[0], CANDIDATES[2]]), RECIPE, slots=2)
    (alone,) = train_cohort(model, sites, task, whole([CANDIDATES[2]]), RECIPE, slots=1)
    np.testing.assert_allclose(trained[2].evaluation.curve, alone.evaluation.curve, atol=1e-4)


def test_regression_minimises_the_squared_error(tiny_model):
    model = tiny_model("bert", num_labels=1)
    rows = rows_of(64, 0)
    rows = Rows(rows.input_ids, None, rows.labels.astype(np.float32) * 2 - 1)
    task = Task("planted", Regression("pearson"), rows, rows, rows)
    sites = find_sites(model, "lora[all]")
    candidate = Candidate(Allocation.of({site.name: 4 for site in sites}), 0, 1e-2)
    (trained,) = train_cohort(
        model, sites, task, whole([candidate]), dataclasses.replace(RECIPE, epochs=12), slots=1
    )
    assert trained.evaluation.metric > 0.7
    assert trained.evaluation.curve[0] > 2 * trained.evaluation.loss


def test_peak_memory_and_seconds_are_recorded(model, sites, task):
    (trained,) = train_cohort(
        model, sites, task, whole(CANDIDATES[:1]), dataclasses.replace(RECIPE, epochs=0.5), slots=1
    )
    assert trained.evaluation.peak_memory > 10**7
    assert trained.evaluation.seconds > 0
    assert math.isfinite(trained.evaluation.loss)


def test_computing_blocks_again_changes_nothing_of_what_is_trained(model, sites, task):
    kept, again = (
        train_cohort(model, sites, task, whole(CANDIDATES), RECIPE, slots=2, sparing=Sparing(on))
        for on in (False, True)
    )
    for one, other in zip(kept, again, strict=True):
        assert one.evaluation.curve == other.evaluation.curve
        assert (one.evaluation.metric, one.evaluation.loss) == (
            other.evaluation.metric,
            other.evaluation.loss,
        )
        assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
