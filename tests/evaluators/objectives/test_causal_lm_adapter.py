"""What was trained of a language model is saved, loaded by PEFT, attached again, and merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from peft import AutoPeftModelForCausalLM
from safetensors.torch import save_file
from transformers import PreTrainedModel

from evaluators.adapters.adapter import load_adapter, merge, save_adapter
from evaluators.adapters.adapter_record import read_adapter_record
from evaluators.data.rows import Rows
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Candidate, Evaluation, Recipe, Trained
from evaluators.training.cohort import Cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

MODELS = [
    *((family, tied) for family in ("llama", "gpt2", "opt") for tied in (True, False)),
    ("gpt_neox", False),
    ("phi3", False),
]


def saved(folder: Path, model: PreTrainedModel, space: str, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Saves random wires as an adapter in ``folder``, and gives the logits that they make when attached."""
    sites = find_sites(model, space)
    ranks = {site.name: (3, 1, 0, 4, 2)[i % 5] for i, site in enumerate(sites)}
    candidate = Candidate(Allocation.of(ranks), seed=5, learning_rate=1e-3)
    cohort = Cohort(model, sites, CausalLM(), [candidate], Recipe(), slots=1)
    cohort.load(0, candidate)
    generator = torch.Generator().manual_seed(0)
    cohort.stacked.values.copy_(torch.randn(cohort.stacked.values.shape, generator=generator) * 0.15)
    with torch.no_grad(), cohort.wires.attach(model):
        logits: torch.Tensor = model(**batch).logits
    lengths = batch["attention_mask"].sum(1).tolist()
    ids = tuple(row[:n].numpy().astype(np.int64) for row, n in zip(batch["input_ids"], lengths, strict=True))
    save_adapter(
        folder,
        Trained(Evaluation(candidate, 0.5, 0.5, None, (), 0.0, 0), cohort.trained(0)),
        model=model,
        sites=sites,
        recipe=Recipe(),
        base=str(folder.parent / "base"),
        objective=CausalLM(),
        rows=Rows(ids, None, ids),
    )
    return logits


@pytest.mark.parametrize(("family", "tied"), MODELS)
def test_peft_loads_it_as_a_language_model_with_the_same_logits(
    tiny_language_model, tiny_batch, tmp_path, family, tied
):
    model = tiny_language_model(family, tie_word_embeddings=tied)
    model.save_pretrained(tmp_path / "base")
    logits = saved(tmp_path / "adapter", model, "lora", tiny_batch)
    assert not (tmp_path / "adapter" / "head.safetensors").exists()  # it has no head
    assert read_adapter_record(tmp_path / "adapter").stock_peft
    stock = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "adapter").eval()
    assert stock.peft_config["default"].task_type == "CAUSAL_LM"
    with torch.no_grad():
        torch.testing.assert_close(stock(**tiny_batch).logits, logits, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("family", "tied"), MODELS)
def test_attached_again_or_merged_it_gives_the_same_logits(
    tiny_language_model, tiny_batch, tmp_path, family, tied
):
    model = tiny_language_model(family, tie_word_embeddings=tied)
    before = model(**tiny_batch).logits
    logits = saved(tmp_path / "adapter", model, "lora", tiny_batch)
    save_file({}, tmp_path / "adapter" / "head.safetensors")  # as older versions wrote it
    with torch.no_grad(), load_adapter(tmp_path / "adapter", model):
        torch.testing.assert_close(model(**tiny_batch).logits, logits)
    torch.testing.assert_close(model(**tiny_batch).logits, before, rtol=0, atol=0)
    merged = merge(tmp_path / "adapter", model)
    torch.testing.assert_close(merged(**tiny_batch).logits, logits, rtol=1e-4, atol=1e-3)


def test_an_adapter_with_shortcuts_generates_attached(tiny_language_model, tiny_batch, tmp_path):
    model = tiny_language_model("opt")
    logits = saved(tmp_path / "adapter", model, "lora+shortcut", tiny_batch)
    assert not read_adapter_record(tmp_path / "adapter").stock_peft
    with torch.no_grad(), load_adapter(tmp_path / "adapter", model):
        torch.testing.assert_close(model(**tiny_batch).logits, logits)
        tokens = model.generate(**{name: tensor[:2] for name, tensor in tiny_batch.items()}, max_new_tokens=3)
    assert tokens.shape == (2, 12)
