"""Candidates of a language model in one cohort, against separate runs, PEFT, and transformers' own loss."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
import torch
from peft import get_peft_model
from torch import Tensor

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.token_losses import CHUNK
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort, outputs_of
from evaluators.training.data_order import epoch_batches
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from tests.doubling import doubling_rows, doubling_task
from tests.in_peft import lora_config, share_weights
from tests.largest_tensor import LargestTensor

RECIPE: Final = Recipe(epochs=4, batch_size=8, warmup=0.1, weight_decay=0.01)
ROLES: Final = {
    "llama": "q,down",
    "gpt2": "o,fc1",
    "opt": "q,fc2",
    "granite": "q,down",
}  # each of a linear of its own, as PEFT has them
MODELS: Final = [
    *((family, tied) for family in ("llama", "gpt2", "opt") for tied in (True, False)),
    ("granite", True),
]


@pytest.fixture(scope="module")
def task() -> Task:
    return doubling_task()


def candidates_of(family: str) -> list[Candidate]:
    """Three with different sites, ranks, seeds and rates."""
    first, second = ROLES[family].split(",")
    return [
        Candidate(Allocation.of({f"layers.0.{first}": 2, f"layers.1.{second}": 4}), 0, 3e-3),
        Candidate(Allocation.of({f"layers.1.{second}": 1, "layers.2.res1": 3}), 1, 1e-2),
        Candidate(Allocation.of({f"layers.0.{second}": 3, f"layers.2.{first}": 5}), 2, 5e-3),
    ]


def space_of(family: str) -> str:
    return f"lora[{ROLES[family]}]+shortcut"


@pytest.mark.parametrize(("family", "tied"), MODELS)
def test_a_cohort_of_three_equals_three_separate_runs(tiny_language_model, task, family, tied):
    model = tiny_language_model(family, tie_word_embeddings=tied)
    sites, candidates = find_sites(model, space_of(family)), candidates_of(family)
    together = train_cohort(model, sites, task, whole(candidates), RECIPE, slots=3)
    for candidate, trained in zip(candidates, together, strict=True):
        (alone,) = train_cohort(model, sites, task, whole([candidate]), RECIPE, slots=1)
        assert len(trained.evaluation.curve) == 20
        assert alone.tensors.keys() == trained.tensors.keys()
        for name, tensor in alone.tensors.items():
            torch.testing.assert_close(trained.tensors[name], tensor, rtol=0, atol=1e-4)
        np.testing.assert_allclose(trained.evaluation.curve, alone.evaluation.curve, atol=1e-4)
        assert trained.evaluation.loss == pytest.approx(alone.evaluation.loss, abs=1e-4)
        assert trained.evaluation.metric == trained.evaluation.loss


@pytest.mark.parametrize(("family", "tied"), MODELS)
def test_training_equals_peft_in_a_plain_pytorch_loop(tiny_language_model, task, family, tied):
    """Same initial weights, batches, schedule, clipping and AdamW: the same losses at every one of 20 steps,
    gradients at the first, and weights and logits after them. PEFT's loss is transformers' own."""
    model = tiny_language_model(family, tie_word_embeddings=tied)
    sites = find_sites(model, f"lora[{ROLES[family]}]")
    candidate = Candidate(Allocation.of({site.name: 4 for site in sites}), 0, 3e-3)
    cohort = Cohort(model, sites, task.objective, [candidate], RECIPE, slots=1)
    cohort.load(0, candidate)
    other = tiny_language_model(family, tie_word_embeddings=tied)
    reference = get_peft_model(other, lora_config(other, cohort))
    pairs = share_weights(reference, cohort)
    optimizer = torch.optim.AdamW(pairs.values(), lr=1.0, weight_decay=RECIPE.weight_decay)
    lengths = np.array([len(ids) for ids in task.train.input_ids])
    batches = [batch for epoch in range(4) for batch in epoch_batches(lengths, 8, seed=0, epoch=epoch)]
    curve = []
    for step, indices in enumerate(batches):
        batch = batch_of(model, task.train, indices)
        loss = reference(**batch.inputs, labels=batch.labels).loss
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            with cohort.wires.attach(model):
                own = cohort.stacked.gradient(cohort.losses([0], task.train, [indices]).sum())
            theirs = torch.cat([pairs[name].grad.flatten() for name in cohort.stacked.leaf])
            torch.testing.assert_close(own[0], theirs, rtol=1e-3, atol=1e-5)
        torch.nn.utils.clip_grad_norm_(pairs.values(), 1.0)
        optimizer.param_groups[0]["lr"] = 3e-3 * linear_schedule(step, len(batches), warmup=0.1)
        optimizer.step()
        curve.append(loss.item())
    (trained,) = train_cohort(model, sites, task, whole([candidate]), RECIPE, slots=1)
    np.testing.assert_allclose(trained.evaluation.curve, curve, atol=1e-4)
    for name, parameter in pairs.items():
        torch.testing.assert_close(trained.tensors[name], parameter.detach(), rtol=0, atol=1e-4)
    cohort.restore(0, trained)
    batch = batch_of(model, task.test, range(8))
    with torch.no_grad(), cohort.wires.attach(model):
        torch.testing.assert_close(
            model(**batch.inputs).logits, reference(**batch.inputs).logits, rtol=0, atol=2e-3
        )


def losses_and_gradients(cohort: Cohort, rows: Rows, indices: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    with cohort.wires.attach(cohort.model):
        losses = cohort.losses(range(len(indices)), rows, indices)
        return losses.detach(), cohort.stacked.gradient(losses.sum())


def test_no_candidate_heeds_its_neighbours_rows(tiny_language_model, task):
    model = tiny_language_model("llama")
    candidates = candidates_of("llama")
    cohort = Cohort(model, find_sites(model, space_of("llama")), task.objective, candidates, RECIPE, slots=3)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    own, others = np.arange(8), [np.arange(8, 16), np.arange(20, 25)]  # the others: also fewer rows
    lengths = np.argsort([len(ids) for ids in task.train.input_ids])
    long, short = lengths[-8:], lengths[:8]
    first, gradient = losses_and_gradients(cohort, task.train, [long, own, others[0]])
    second, again = losses_and_gradients(cohort, task.train, [short, own, others[1]])
    assert first[0] != second[0]
    torch.testing.assert_close(first[1], second[1])
    torch.testing.assert_close(gradient[1], again[1])


def test_a_candidates_loss_is_weighted_by_its_own_tokens(tiny_language_model, task):
    """Also where its batch is shorter than its neighbours', and so repeats rows at weight 0."""
    model = tiny_language_model("gpt2")
    candidate = candidates_of("gpt2")[0]
    cohort = Cohort(
        model, find_sites(model, space_of("gpt2")), task.objective, [candidate] * 2, RECIPE, slots=2
    )
    for slot in range(2):
        cohort.load(slot, candidate)
    full, short = np.arange(8), np.array([9, 30, 2])
    counts = [int((task.train.labels[row] >= 0).sum()) for row in short]
    assert len(set(counts)) > 1
    found, _ = losses_and_gradients(cohort, task.train, [full, short])
    for indices, loss in zip((full, short), found, strict=True):
        batch = batch_of(model, task.train, indices)
        torch.testing.assert_close(loss, model(**batch.inputs, labels=batch.labels).loss)  # B is 0 still


def test_a_trained_candidate_is_judged_by_all_tokens_of_all_rows(tiny_language_model, task):
    model = tiny_language_model("opt")
    sites, candidates = find_sites(model, space_of("opt")), candidates_of("opt")
    trained = train_cohort(model, sites, task, whole(candidates), RECIPE, slots=2)
    outputs = outputs_of(model, sites, task.objective, trained, RECIPE, task.validation)
    assert outputs.shape == (3, 20, 3)
    for one, own in zip(trained, outputs, strict=True):
        assert own[:, 1].tolist() == [(row >= 0).sum() for row in task.validation.labels]
        assert one.evaluation.metric == pytest.approx(float(own[:, 0].sum() / own[:, 1].sum()), rel=1e-5)
        assert one.evaluation.curve[-1] < one.evaluation.curve[0]


def test_no_step_of_a_cohort_holds_tokens_times_vocabulary(tiny_language_model):
    vocabulary, rows = 2000, doubling_rows(24, 0)
    model = tiny_language_model("llama", vocab_size=vocabulary)
    candidates = candidates_of("llama")
    cohort = Cohort(model, find_sites(model, space_of("llama")), CausalLM(), candidates, RECIPE, slots=3)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    with LargestTensor() as seen:
        losses_and_gradients(cohort, rows, list(np.arange(24).reshape(3, 8)))
        cohort.outputs(range(3), rows)
    assert seen.elements <= CHUNK * vocabulary
    assert sum(len(ids) for ids in rows.input_ids) > CHUNK / 2


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_over_a_bfloat16_base_what_is_trained_and_summed_is_float32(tiny_language_model, task, family):
    """Losses and gradients are float32 and near those over the float32 base; nothing trained is rounded."""
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        model = tiny_language_model(family, initializer_range=0.05).to(dtype)
        sites, candidate = find_sites(model, space_of(family)), candidates_of(family)[0]
        cohort = Cohort(model, sites, task.objective, [candidate], RECIPE, slots=1)
        cohort.load(0, candidate)
        losses, gradient = losses_and_gradients(cohort, task.train, [np.arange(8)])
        assert {losses.dtype, gradient.dtype, cohort.stacked.values.dtype} == {torch.float32}
        found[dtype] = losses, gradient[0]
    torch.testing.assert_close(found[torch.bfloat16][0], found[torch.float32][0], rtol=0.02, atol=0.02)
    likeness = torch.nn.functional.cosine_similarity(*(gradient for _, gradient in found.values()), dim=0)
    assert float(likeness) > 0.98
