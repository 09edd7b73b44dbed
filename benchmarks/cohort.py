"""One candidate-step of a cohort against one step of peft's LoRA in a plain PyTorch loop.

Same base model, tokens, sites, ranks, head and AdamW; float32, no dropout on either side. Ours and
theirs take turns within one process, and the ratio is of medians. example:
python -m benchmarks.cohort --model minilm --counts 1,4,16
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification, OPTConfig, PreTrainedModel

from evaluators.base.base_model import ModelSource, load_base_model
from evaluators.data.demo import demo_model_folder
from evaluators.data.rows import Rows
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.gate_policy import GateHooks, Step
from evaluators.training.train import train_step
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

from .record import record

RANK, BATCH, TOKENS = 8, 8, 48


def minilm(device: str) -> PreTrainedModel:
    """The embedded MiniLM."""
    return load_base_model(ModelSource(str(demo_model_folder()), 2), device=device)


def opt_350m(device: str) -> PreTrainedModel:
    """A model of OPT-350M's shape with random weights."""
    config = OPTConfig(
        hidden_size=1024, ffn_dim=4096, num_hidden_layers=24, num_attention_heads=16, word_embed_proj_dim=512,
        do_layer_norm_before=False, num_labels=2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(config)
    assert isinstance(model, PreTrainedModel)
    return model.to(device).eval().requires_grad_(False)  # type: ignore[arg-type]


MODELS: dict[str, Callable[[str], PreTrainedModel]] = {"minilm": minilm, "opt-350m": opt_350m}
PEFT_TARGETS = {"minilm": ["query", "value"], "opt-350m": ["q_proj", "v_proj"]}


def batch_of() -> tuple[np.ndarray, np.ndarray]:
    """(tokens (BATCH, TOKENS), labels (BATCH,)), which every candidate and peft train on."""
    rng = np.random.default_rng(0)
    return rng.integers(1000, 20000, (BATCH, TOKENS)), rng.integers(0, 2, BATCH)


def our_step(model: PreTrainedModel, count: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """(a step of ``count`` candidates, what removes their hooks again)."""
    sites = find_sites(model, "lora[q,v]")
    allocation = Allocation.of({site.name: RANK for site in sites})
    candidates = [Candidate(allocation, seed, 1e-3) for seed in range(count)]
    cohort = Cohort(
        model, sites, Classification(("0", "1")), candidates, Recipe(batch_size=BATCH), slots=count
    )
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    tokens, labels = batch_of()
    rows = Rows(tuple(tokens) * count, None, np.tile(labels, count))
    indices = list(np.arange(count * BATCH).reshape(count, BATCH))
    steps = [Step(slot, 0, 1, 1e-3) for slot in range(count)]
    wires, head = cohort.wires.attach(model), cohort.head.attach()

    def step() -> None:
        train_step(cohort, steps, rows, indices, GateHooks())

    def detach() -> None:
        wires.detach()
        head.detach()

    return step, detach


def peft_step(model: PreTrainedModel, targets: list[str], device: str) -> Callable[[], None]:
    """A step of one adapter: forward, backward, clipping, AdamW."""
    adapted = get_peft_model(
        model, LoraConfig(task_type="SEQ_CLS", r=RANK, lora_alpha=16, target_modules=targets)
    ).eval()
    trainable = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-3, weight_decay=0.01)
    tokens, labels = (torch.from_numpy(array) for array in batch_of())

    def step() -> None:
        inputs = {"input_ids": tokens.to(device), "attention_mask": torch.ones_like(tokens).to(device)}
        loss = torch.nn.functional.cross_entropy(adapted(**inputs).logits, labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        loss.item()  # ours reads its losses too

    return step


def seconds_of(step: Callable[[], None], device: str) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    step()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - started


def peak_bytes(device: str) -> int:
    """Of the GPU since the last reset; on a CPU of the process since its start."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(name: str, counts: list[int], rounds: int, device: str) -> list[dict[str, float]]:
    """A row per count of candidates."""
    model, theirs = MODELS[name](device), peft_step(MODELS[name](device), PEFT_TARGETS[name], device)
    rows = []
    for count in counts:
        if device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        ours, detach = our_step(model, count)
        for step in (ours, theirs) * 2:
            seconds_of(step, device)
        times = [(seconds_of(ours, device) / count, seconds_of(theirs, device)) for _ in range(rounds)]
        detach()
        mine, peft = (statistics.median(column) for column in zip(*times, strict=True))
        row = {
            "candidates": count,
            "ms_per_candidate_step": round(mine * 1e3, 3),
            "peft_ms_per_step": round(peft * 1e3, 3),
            "ratio": round(mine / peft, 3),
            "candidate_steps_per_second": round(1 / mine, 1),
            "peak_mb": round(peak_bytes(device) / 1e6),
        }
        print(row, file=sys.stderr)
        rows.append(row)
    return rows


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cohort", description=__doc__)
    parser.add_argument("--model", choices=MODELS, default="minilm")
    parser.add_argument(
        "--counts", default="1,4,16", help="candidates per cohort (default: %(default)s; add 64 on a GPU)"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    rows = measure(args.model, [int(count) for count in args.counts.split(",")], args.rounds, args.device)
    record(
        "benchmarks.cohort",
        args.device,
        {"model": args.model, "rank": RANK, "batch": [BATCH, TOKENS], "rows": rows},
        args.output,
    )


if __name__ == "__main__":
    main()
