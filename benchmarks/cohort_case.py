"""What ``benchmarks.cohort`` measures: models, their rows, a step of ours and the same step of peft's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import AutoModelForSequenceClassification, OPTConfig, PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.data.demo import demo_model_folder
from evaluators.data.rows import Rows
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import Classification
from evaluators.objectives.task_objective import TaskObjective
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, Step
from evaluators.training.train_step import train_step
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

__all__ = ["CASES", "RANK", "Case", "our_step", "peft_step"]

RANK: Final = 8


@dataclass(frozen=True, slots=True)
class Case:
    """load: (folder, device) -> the frozen model. targets: the linears of q and v, as peft names them.
    batch: rows and tokens of one candidate's step. folder: whether the model must be named one."""

    load: Callable[[Path | None, str], PreTrainedModel]
    objective: TaskObjective
    targets: tuple[str, ...]
    batch: tuple[int, int]
    folder: bool = False

    def rows(self) -> Rows:
        """Those of one step, which every candidate and peft train on."""
        rng = np.random.default_rng(0)
        tokens = tuple(rng.integers(1000, 20000, self.batch))
        of_language = self.objective.architecture == "causal_lm"
        return Rows(tokens, None, tokens if of_language else rng.integers(0, 2, self.batch[0]))


def minilm(_: Path | None, device: str) -> PreTrainedModel:
    """The embedded MiniLM."""
    return load_base_model(ModelSource(str(demo_model_folder()), 2), device=device)


def opt_350m(_: Path | None, device: str) -> PreTrainedModel:
    """A model of OPT-350M's shape with random weights."""
    config = OPTConfig(
        hidden_size=1024, ffn_dim=4096, num_hidden_layers=24, num_attention_heads=16, word_embed_proj_dim=512,
        do_layer_norm_before=False, num_labels=2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(config)
    assert isinstance(model, PreTrainedModel)
    return model.to(device).eval().requires_grad_(False)  # type: ignore[arg-type]


def smollm2(folder: Path | None, device: str) -> PreTrainedModel:
    """SmolLM2 of a folder."""
    return load_base_model(ModelSource(str(folder), None, architecture="causal_lm"), device=device)


_TWO_CLASSES: Final = Classification(("0", "1"))
CASES: Final[Mapping[str, Case]] = {
    "minilm": Case(minilm, _TWO_CLASSES, ("query", "value"), (8, 48)),
    "opt-350m": Case(opt_350m, _TWO_CLASSES, ("q_proj", "v_proj"), (8, 48)),
    "smollm2": Case(smollm2, CausalLM(), ("q_proj", "v_proj"), (4, 64), folder=True),
}


def our_step(case: Case, model: PreTrainedModel, count: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """(a step of ``count`` candidates, what removes their hooks again)."""
    sites = find_sites(model, "lora[q,v]")
    allocation = Allocation.of({site.name: RANK for site in sites})
    candidates = [Candidate(allocation, seed, 1e-3) for seed in range(count)]
    size = case.batch[0]
    cohort = Cohort(model, sites, case.objective, candidates, Recipe(batch_size=size), slots=count)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    rows = case.rows()
    indices = [np.arange(size)] * count
    steps = [Step(slot, 0, 1, 1e-3) for slot in range(count)]
    wires, head = cohort.wires.attach(model), cohort.head.attach()

    def step() -> None:
        losses, _ = train_step(cohort, steps, rows, indices, GateHooks())
        losses.tolist()

    def detach() -> None:
        wires.detach()
        head.detach()

    return step, detach


def peft_step(case: Case, model: PreTrainedModel, device: str) -> Callable[[], None]:
    """A step of one adapter: forward, transformers' own loss, backward, clipping, AdamW."""
    task_type = ARCHITECTURES[case.objective.architecture].task_type
    config = LoraConfig(task_type=task_type, r=RANK, lora_alpha=16, target_modules=list(case.targets))
    adapted = get_peft_model(model, config).eval()
    trainable = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-3, weight_decay=0.01)
    rows = case.rows()
    tokens, labels = (torch.from_numpy(np.array(part)) for part in (rows.input_ids, rows.labels))

    def step() -> None:
        loss = _loss(adapted, tokens.to(device), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        loss.item()  # ours reads its losses too

    return step


def _loss(adapted: PeftModel, tokens: Tensor, labels: Tensor) -> Tensor:
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    if labels.ndim == 2:
        loss: Tensor = adapted(**inputs, labels=labels).loss
        return loss
    return torch.nn.functional.cross_entropy(adapted(**inputs).logits, labels)
