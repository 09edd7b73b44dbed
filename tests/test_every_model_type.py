"""Every model type that transformers can classify with: cohorts, PEFT and merging agree, or it is refused.

What is known of the types stands in the tables below. One that a newer transformers brings is tested like the
others, and may be refused in one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from peft import PeftModel
from torch import Tensor
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from evaluators.adapters.adapter import load_adapter, merge, save_adapter
from evaluators.adapters.adapter_record import read_adapter_record
from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.data.rows import Rows, padded_inputs
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe, Trained
from evaluators.training.cohort import outputs_of
from evaluators.training.leg import whole
from evaluators.training.train import train_cohort
from proxies.measure.evidence import Evidence
from proxies.registry import find_proxy, score_sites
from search.job.first_batches import first_batches
from search.job.fit_to_model import readable_inputs, usable_sites
from search.job.inputs import Inputs
from search.job.scoring import DEFAULT_PROXIES
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from spaces.site import Site
from tests.model_types import KNOWN, LABELS, MODEL_TYPES, VOCABULARY, tiny_model_of
from tests.objectives import TWO_CLASSES

ABSENT: Final = {"layoutlmv2": "detectron2"}  # a library that such models need
REFUSED: Final = {
    **dict.fromkeys(
        ("bart", "bigbird_pegasus", "mbart", "mt5", "mvp", "plbart", "t5", "t5gemma", "t5gemma2", "umt5"),
        r"is an encoder-decoder .*: its decoder also reads the states of its encoder",
    ),
    **dict.fromkeys(
        ("canine", "convbert", "fnet", "nystromformer", "yoso"),
        "what stands behind a row's end changes the outputs",
    ),
    "deberta": r"layers.0.pos_proj: what it reads, of shape \(1, ",
    "longformer": "does not begin with the rows of the batch",
    "perceiver": "has no head outside of its base model",
    "reformer": "changes the outputs",  # it hashes into chunks
    "squeezebert": "has no linear in a numbered block",
    "xlnet": "what stands behind a row's end changes the outputs",  # and its rows come second
}
ACCEPTED: Final = {"deberta": "lora[in_proj,dense]"}  # of those refused, where other roles will do
NOT_FOR_PEFT: Final = {
    "deberta-v2",  # its q and k also project positions, which PEFT's wrapper would change
    "deepseek_v2",  # PEFT takes the gate and up of a dense block, or of a shared expert, for those of experts
    "deepseek_v3",
    "hunyuan_v1_moe",
    "ibert",  # PEFT wraps none of its quantized linears
    "qwen3_next",
    "modernvbert",  # PEFT takes the vision tower's "head" for the classifier's
}
NOT_TO_MERGE: Final = {
    "deberta-v2": "their linears also project positions",
    **dict.fromkeys(("zamba", "zamba2"), "is the weight of .* alike"),  # blocks of their own share weights
}
RECIPE: Final = Recipe(epochs=0.125, batch_size=4)


@pytest.fixture(scope="module")
def task() -> Task:
    """Random rows of 4 to 39 tokens, the last one the end-of-text token; more than one batch to test on."""
    draw = np.random.default_rng(0)

    def rows(count: int) -> Rows:
        lengths = draw.integers(4, 40, count)
        ids = [np.append(draw.integers(4, VOCABULARY, length - 1), 3) for length in lengths]
        return Rows(tuple(ids), None, draw.integers(0, LABELS, count))

    return Task("random", Classification(("a", "b", "c")), rows(64), rows(8), rows(72))


@pytest.fixture
def source(request, tmp_path) -> ModelSource:
    """A folder with a tiny model of the type that the test is given."""
    model_type = request.getfixturevalue("model_type")
    if model_type in ABSENT:
        pytest.importorskip(ABSENT[model_type])
    tiny_model_of(model_type).save_pretrained(tmp_path / "model")
    return ModelSource(str(tmp_path / "model"), LABELS)


@pytest.mark.slow
@pytest.mark.parametrize("model_type", sorted({*MODEL_TYPES} & KNOWN - REFUSED.keys()))
def test_a_cohort_equals_single_runs_peft_and_the_merged_model(model_type, source, task, tmp_path):
    stock, unmerged = model_type not in NOT_FOR_PEFT, NOT_TO_MERGE.get(model_type)
    adapters, ours = _check("lora[all]", source, task, tmp_path, stock=stock)
    for adapter, logits in zip(adapters, ours, strict=True):
        if unmerged is None:
            _agree(_merged(adapter, source, task), logits)
        else:
            with pytest.raises(InputError, match=unmerged):
                _merged(adapter, source, task)


@pytest.mark.slow
@pytest.mark.parametrize("model_type", sorted({*MODEL_TYPES} - KNOWN))
def test_a_type_that_is_new_does_so_or_is_refused(model_type, tmp_path, task):
    try:
        tiny_model_of(model_type).save_pretrained(tmp_path / "model")
    except Exception as error:
        pytest.skip(f"no tiny {model_type} can be made by the usual names of sizes: {error}")
    source = ModelSource(str(tmp_path / "model"), LABELS)
    try:
        _sites(source, task, "lora[all]")
    except InputError:
        return
    for adapter, logits in zip(*_check("lora[all]", source, task, tmp_path, stock=None), strict=True):
        try:
            merged = _merged(adapter, source, task)
        except InputError:
            continue
        _agree(merged, logits)


@pytest.mark.slow
@pytest.mark.parametrize("model_type", sorted({*MODEL_TYPES} & REFUSED.keys()))
def test_a_type_that_cannot_be_trained_is_refused_before_anything_is_scored(model_type, source, task):
    with pytest.raises(InputError, match=REFUSED[model_type]):
        _sites(source, task, "lora[all]")


@pytest.mark.parametrize("model_type", sorted(ACCEPTED))
def test_a_refused_type_is_trained_at_the_roles_that_will_do(model_type, source, task, tmp_path):
    adapters, ours = _check(ACCEPTED[model_type], source, task, tmp_path, stock=True)
    for adapter, logits in zip(adapters, ours, strict=True):
        _agree(_merged(adapter, source, task), logits)


def _check(
    space: str, source: ModelSource, task: Task, folder: Path, *, stock: bool | None
) -> tuple[list[Path], Tensor]:
    """Three candidates of different ranks: trained together and alone, saved, loaded by us and by PEFT.

    stock: whether PEFT is known to be able to load them; None where that is not known. Gives the adapters and
    their logits, (3, rows, labels).
    """
    sites, model = _sites(source, task, space), load_base_model(source, device="cpu")
    _score(model, sites, task)
    candidates = [Candidate(allocation, seed, 0.002) for seed, allocation in enumerate(_allocations(sites))]
    together = train_cohort(model, sites, task, whole(candidates), RECIPE, slots=3)
    ours = outputs_of(model, sites, task.objective, together, RECIPE, task.test)
    adapters = [folder / f"adapter{i}" for i in range(3)]
    for candidate, trained, logits, adapter in zip(candidates, together, ours, adapters, strict=True):
        alone = train_cohort(model, sites, task, whole([candidate]), RECIPE, slots=1)
        _agree(outputs_of(model, sites, task.objective, alone, RECIPE, task.test)[0], logits)
        _save(adapter, trained, model, sites, task, source)
        assert stock in (None, read_adapter_record(adapter).stock_peft)
        with load_adapter(adapter, model):
            _agree(_logits(model, task.test), logits)
    if stock:
        tuned = PeftModel.from_pretrained(_plain(source), adapters[0], adapter_name="0").eval()
        for i, logits in enumerate(ours):
            if i:
                tuned.load_adapter(adapters[i], str(i))
            tuned.set_adapter(str(i))
            _agree(_logits(tuned, task.test), logits)
    return adapters, ours


def _merged(adapter: Path, source: ModelSource, task: Task) -> Tensor:
    return _logits(merge(adapter, load_base_model(source, device="cpu")), task.test)


def _sites(source: ModelSource, task: Task, space: str) -> tuple[Site, ...]:
    model, inputs = load_base_model(source, device="cpu"), Inputs("m", "m", source, task, 0.01)
    task = readable_inputs(inputs, model).task
    return usable_sites(task, model, find_sites(model, space), "preserve")


def _allocations(sites: Sequence[Site]) -> list[Allocation]:
    """Every site at rank 2; ranks 1, 2 and 3 in turn; every other site alone at rank 4."""
    return [
        Allocation.of({site.name: 2 for site in sites}),
        Allocation.of({site.name: 1 + i % 3 for i, site in enumerate(sites)}),
        Allocation.of({site.name: 4 for site in sites[::2]}),
    ]


def _score(model: PreTrainedModel, sites: Sequence[Site], task: Task) -> None:
    """The default proxies score it; one may say in a line that it cannot."""
    batches = first_batches(model, task.train, size=8, count=2)
    scored = []
    for name in (*DEFAULT_PROXIES, "grad_norm", "spectrum", "snip", "synflow"):
        with suppress(InputError):
            scored += score_sites(
                [find_proxy(name)],
                Evidence(model, TWO_CLASSES, batches, SearchSpace(tuple(sites), (0, 1)), seed=0),
            )
    assert {"zico", "grad_norm", "spectrum"} <= {one.proxy for one in scored}
    assert all(np.isfinite(one.by_rank).all() for one in scored)


def _save(
    folder: Path,
    trained: Trained,
    model: PreTrainedModel,
    sites: Sequence[Site],
    task: Task,
    source: ModelSource,
) -> None:
    save_adapter(
        folder,
        trained,
        model=model,
        sites=sites,
        recipe=RECIPE,
        base=source.path_or_name,
        objective=task.objective,
        rows=task.validation,
    )


def _plain(source: ModelSource) -> PreTrainedModel:
    """The model as a user loads it, whose untrained caches of two layers some types cannot fill."""
    model = AutoModelForSequenceClassification.from_pretrained(source.path_or_name, num_labels=LABELS)
    for config in (model.config, model.config.get_text_config()):
        config.use_cache, config.pad_token_id = False, 1
    return model


@torch.no_grad()
def _logits(model: PreTrainedModel | PeftModel, rows: Rows) -> Tensor:
    """(rows, labels)"""
    inputs = padded_inputs(rows, range(len(rows)), pad_token_id=1)
    logits: Tensor = model(**{name: torch.from_numpy(array) for name, array in inputs.items()}).logits
    return logits


def _agree(one: Tensor, other: Tensor) -> None:
    """Equal to 1e-5 of the largest logit, or of one."""
    assert torch.isfinite(one).all()
    assert float((one - other).abs().max()) <= 1e-5 * max(1.0, float(other.abs().max()))
