"""What of a head was pretrained, as ModernBERT's of its masked language model, is where training starts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel

from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.data.model_inputs import batch_of
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.train_with_peft import train_with_peft
from proxies.measure.super_network import SuperNetwork
from proxies.measure.warm_up import WarmUp
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace

DENSE = "head.head.dense.weight"


@pytest.fixture
def folder(tiny_model, tmp_path) -> Path:
    config = AutoConfig.for_model(**tiny_model("modernbert").config.to_dict())
    torch.manual_seed(0)
    AutoModelForMaskedLM.from_config(config).save_pretrained(tmp_path / "mlm")
    return tmp_path / "mlm"


@pytest.fixture
def model(folder) -> PreTrainedModel:
    return load_base_model(ModelSource(str(folder), 2), device="cpu")


def test_a_cohort_starts_from_it_and_draws_the_rest_by_seed(folder, model, task):
    wanted = AutoModelForMaskedLM.from_pretrained(folder).get_parameter("head.dense.weight")
    sites = find_sites(model, "lora[q]")
    candidates = [Candidate(Allocation.of({"layers.0.q": 1}), seed, 1e-3) for seed in (0, 1)]
    cohort = Cohort(model, sites, task.objective, candidates, Recipe(), slots=2)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    one, other = (cohort.trained(slot) for slot in (0, 1))
    assert torch.equal(one[DENSE], wanted)
    assert torch.equal(other[DENSE], wanted)
    assert not torch.equal(one["head.classifier.weight"], other["head.classifier.weight"])


def test_so_does_peft_s_own_training(model, task):
    """As it is before the first step."""
    seen: list[torch.Tensor] = []

    def note(tuned):
        head = tuned.get_base_model().head.modules_to_save["default"]
        seen.append(head.dense.weight.detach().clone())

    train_with_peft(
        LoraConfig(r=1, target_modules=["Wqkv"]),
        model,
        task,
        Recipe(batch_size=8),
        seed=3,
        learning_rate=1e-3,
        report_on=task.test,
        prepare=note,
    )
    assert torch.equal(seen[0], model.get_parameter("head.dense.weight"))


def test_so_does_the_super_network_which_starts_as_a_candidate_of_its_seed(model, task):
    sites = find_sites(model, "lora[q]")
    candidate = Candidate(Allocation.of({"layers.0.q": 1}), 7, 1e-3)
    cohort = Cohort(model, sites, task.objective, [candidate], Recipe(), slots=1)
    cohort.load(0, candidate)
    network = SuperNetwork(
        model,
        task.objective,
        [batch_of(model, task.train, range(start, start + 2)) for start in (0, 2)],
        SearchSpace(sites, (0, 1)),
        WarmUp(steps=1, learning_rate=1e-30),
        seed=candidate.seed,
        scaling=Scaling(),
        renorm="preserve",
    )
    start = cohort.trained(0)
    assert torch.equal(network.head[DENSE], model.get_parameter("head.dense.weight"))
    assert network.head.keys() == {name for name in start if name.startswith("head.")}
    for name, tensor in network.head.items():
        torch.testing.assert_close(tensor, start[name], rtol=0, atol=1e-20)
