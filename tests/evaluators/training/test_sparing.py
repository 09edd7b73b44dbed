"""A step in micro-batches is the step of its whole batch, whoever asks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from peft import AdaLoraConfig, IA3Config, LoraConfig, OFTConfig, PrefixTuningConfig

from evaluators.objectives.classification import Classification
from evaluators.objectives.regression import Regression
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import whole
from evaluators.training.memory import CrowdedError
from evaluators.training.sparing import MicroBatches, Sparing
from evaluators.training.train import train_cohort
from evaluators.training.train_with_peft import train_with_peft
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from tests.doubling import doubling_task

RECIPE = Recipe(epochs=1.5, batch_size=8, warmup=0.2)  # 6 steps: 8, 8, 8 and 6 rows, then 8 and 8
CANDIDATES = [
    Candidate(Allocation.of({"layers.0.q": 2, "layers.1.v": 4}), 0, 1e-2),
    Candidate(Allocation.of({"layers.1.v": 1, "layers.2.q": 3}), 1, 1e-2, scaling="constant"),
]


@dataclass(frozen=True, slots=True)
class Roomless(Classification):
    """Learns from so many rows at most at once."""

    most: int = 0

    def losses(self, model, batch):
        if len(batch.labels) > self.most:
            raise torch.OutOfMemoryError("planted")
        return Classification.losses(self, model, batch)


def assert_alike(one, other):
    np.testing.assert_allclose(one.evaluation.curve, other.evaluation.curve, rtol=1e-4)
    assert one.evaluation.loss == pytest.approx(other.evaluation.loss, rel=1e-4)
    for name, tensor in one.tensors.items():
        torch.testing.assert_close(tensor, other.tensors[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("most", range(1, 10))
def test_parts_are_the_whole_in_as_few_forward_passes_as_it_takes(most):
    batches = [np.arange(8), np.arange(10, 15), np.arange(20, 21)]
    parts = list(MicroBatches(most).parts(batches))
    assert len(parts) == -(-8 // most)
    assert all(len(own) <= most for part in parts for own in part)
    for batch, own in zip(batches, zip(*parts, strict=True), strict=True):
        assert np.concatenate(own).tolist() == batch.tolist()


@pytest.mark.parametrize("most", [1, 3, 8, 100])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_candidates_learn_the_same_in_micro_batches(model, task, most, checkpointing):
    sites = find_sites(model, "lora")
    usual, spared = (
        train_cohort(model, sites, task, whole(CANDIDATES), RECIPE, slots=2, sparing=sparing)
        for sparing in (Sparing(), Sparing(checkpointing, most))
    )
    for one, other in zip(spared, usual, strict=True):
        assert_alike(one, other)


def test_targets_weigh_the_same_wherever_rows_have_more_of_them(tiny_language_model):
    """Of a language model, where the mean of parts' means would be another."""
    model, task = tiny_language_model("llama"), doubling_task()
    assert len({int((labels >= 0).sum()) for labels in task.train.labels}) > 1
    sites = find_sites(model, "lora[q,v]")
    candidates = [Candidate(Allocation.of({site.name: 4 for site in sites}), seed, 3e-3) for seed in (5, 6)]
    usual, spared = (
        train_cohort(model, sites, task, whole(candidates), RECIPE, slots=2, sparing=sparing)
        for sparing in (Sparing(), Sparing(micro_batch_size=3))
    )
    for one, other in zip(spared, usual, strict=True):
        assert_alike(one, other)


def test_no_forward_pass_has_more_rows_than_are_asked_for(model, task):
    """Of two candidates, whose cohort nobody divides in their stead."""
    narrow = replace(task, objective=Roomless(("no", "yes"), most=2 * 3))
    sites, sparing = find_sites(model, "lora"), Sparing(micro_batch_size=3)
    legs = whole(CANDIDATES)
    with pytest.raises(CrowdedError):
        train_cohort(model, sites, narrow, legs, RECIPE, slots=2)
    trained = train_cohort(model, sites, narrow, legs, RECIPE, slots=2, sparing=sparing)
    assert [one.evaluation.failure for one in trained] == [None, None]


@pytest.mark.parametrize("most", [7, 3, 1])
def test_one_that_does_not_fit_alone_goes_on_in_micro_batches(model, task, most):
    narrow = replace(task, objective=Roomless(("no", "yes"), most=most))
    sites = find_sites(model, "lora")
    (usual,) = train_cohort(model, sites, task, whole(CANDIDATES[:1]), RECIPE, slots=1)
    (spared,) = train_cohort(model, sites, narrow, whole(CANDIDATES[:1]), RECIPE, slots=1)
    assert_alike(spared, usual)


def test_a_row_that_does_not_fit_alone_is_told(model, task):
    none = replace(task, objective=Roomless(("no", "yes")))
    sites = find_sites(model, "lora")
    (lost,) = train_cohort(model, sites, none, whole(CANDIDATES[:1]), RECIPE, slots=1)
    assert lost.evaluation.failure == "out of memory with one candidate at a time: planted"


def test_another_error_is_not_taken_for_a_lack_of_memory():
    assert not MicroBatches(8, adapts=True).shrink(RuntimeError("shapes"), 8)
    assert not MicroBatches(8).shrink(MemoryError(), 8)


def test_parts_are_halved_down_to_one_row():
    batches = MicroBatches(5, adapts=True)
    sizes = []
    while batches.shrink(MemoryError(), 4):
        sizes.append(batches.most)
    assert sizes == [2, 1]  # of a batch of four rows, which did not fit


def test_no_row_at_a_time_is_refused():
    with pytest.raises(UsageError, match="`micro_batch_size=0` must be at least 1"):
        Sparing(micro_batch_size=0)


@pytest.mark.parametrize("kind", ["lora", "adalora"])
@pytest.mark.parametrize("numbers", [False, True])
def test_peft_learns_the_same_in_micro_batches(tiny_model, task, kind, numbers):
    model = tiny_model("bert", num_labels=1 if numbers else 2)
    if numbers:
        rows = replace(task.train, labels=task.train.labels.astype(np.float32))
        task = replace(task, objective=Regression("pearson"), train=rows, validation=rows)
    config = LoraConfig(r=2, target_modules=["query"])
    if kind == "adalora":
        own = {"init_r": 4, "target_r": 2, "total_step": 6, "tinit": 1, "tfinal": 2}
        config = AdaLoraConfig(target_modules=["query"], **own)
    usual, spared = (
        train_with_peft(
            config,
            model,
            task,
            RECIPE,
            seed=0,
            learning_rate=1e-2,
            report_on=task.validation,
            micro_batch_size=most,
        )
        for most in (None, 3)
    )
    assert_alike(spared, usual)


CONFIGS = {
    "lora": LoraConfig(r=2, target_modules=["query"]),
    "dora": LoraConfig(r=2, target_modules=["query"], use_dora=True),
    "ia3": IA3Config(target_modules=["query"], feedforward_modules=[]),
    "oft": OFTConfig(oft_block_size=4, target_modules=["query"]),
    "prefix": PrefixTuningConfig(num_virtual_tokens=2),
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_peft_learns_the_same_where_blocks_are_computed_again(model, task, kind):
    """A prefix's blocks are not: transformers drops the prefix there."""
    passes = []

    def note(_module, _args, _output):
        passes[-1] += torch.is_grad_enabled()

    def run(recompute):
        passes.append(0)
        options = {"seed": 0, "learning_rate": 1e-2, "report_on": task.validation}
        return train_with_peft(CONFIGS[kind], model, task, RECIPE, recompute=recompute, **options)

    handle = model.bert.encoder.layer[0].output.dense.register_forward_hook(note)
    try:
        usual, spared = run(False), run(True)
    finally:
        handle.remove()
    assert passes == [6, 6 if kind == "prefix" else 12]
    assert spared.evaluation.curve == usual.evaluation.curve
    assert spared.evaluation.loss == usual.evaluation.loss


def test_peft_goes_on_in_micro_batches_where_a_step_does_not_fit(model, task):
    """Whose forward pass is the model's own."""
    asked = []

    def need(_, args, given):
        asked.append(len(given["input_ids"]))
        if torch.is_grad_enabled() and asked[-1] > 3:
            raise torch.OutOfMemoryError("planted")

    def run(**how):
        asked.clear()
        config = LoraConfig(r=2, target_modules=["query"])
        how |= {"seed": 0, "learning_rate": 1e-2, "report_on": task.validation}
        return train_with_peft(config, model, task, RECIPE, **how)

    usual = run()
    handle = model.register_forward_pre_hook(need, with_kwargs=True)
    try:
        spared = run()
        assert asked[:4] == [8, 4, 2, 2]
        assert_alike(spared, usual)
        assert_alike(run(micro_batch_size=3), usual)
        assert asked[:4] == [3, 3, 2, 3]
    finally:
        handle.remove()
