"""What a step in micro-batches needs of memory and time, with and without gradient checkpointing.

One candidate with uniform LoRA on a Llama of random weights learns from 16 rows of 256 tokens a step, each
way in a process of its own. What a way needs is the peak memory beyond what there was before training.
example: python -m benchmarks.micro_batches --steps 3
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import whole
from evaluators.training.memory import peak_memory, reset_peak_memory
from evaluators.training.sparing import Sparing
from evaluators.training.train import train_cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

from .record import record

ROWS, TOKENS, RANK, VOCABULARY = 16, 256, 8, 4096
WAYS = {
    f"{most} rows{', checkpointed' if checkpointed else ''}": Sparing(checkpointed, most)
    for checkpointed in (False, True)
    for most in (16, 4, 1)
}


def language_model(device: str) -> PreTrainedModel:
    """A Llama of eight layers of width 256."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama", vocab_size=VOCABULARY, hidden_size=256, intermediate_size=704, num_hidden_layers=8,
        num_attention_heads=4, num_key_value_heads=4, use_cache=False, pad_token_id=0,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    assert isinstance(model, PreTrainedModel)
    return model.to(device).eval().requires_grad_(False)  # type: ignore[arg-type]


def measure(way: str, steps: int, device: str) -> dict[str, float]:
    """Of this process."""
    model = language_model(device)
    sites = find_sites(model, "lora[q,v]")
    tokens = np.random.default_rng(0).integers(1, VOCABULARY, (steps * ROWS, TOKENS))
    rows, last = (Rows(tuple(own), None, tuple(own)) for own in (tokens, tokens[:1]))
    task = Task("random", CausalLM(), rows, last, last)
    candidate = Candidate(Allocation.of({site.name: RANK for site in sites}), 0, 1e-3)
    reset_peak_memory(torch.device(device))
    before, began = peak_memory(torch.device(device)), time.perf_counter()
    (trained,) = train_cohort(
        model, sites, task, whole([candidate]), Recipe(batch_size=ROWS), slots=1, sparing=WAYS[way]
    )
    return {
        "peak_mb": round((trained.evaluation.peak_memory - before) / 1e6, 1),
        "seconds": round((time.perf_counter() - began) / steps, 3),
        "loss": round(trained.evaluation.curve[-1], 6),
    }


def in_a_process(way: str, args: argparse.Namespace) -> dict[str, float]:
    """The same, of a fresh process."""
    options = ["--steps", args.steps, "--device", args.device]
    command = [sys.executable, "-m", "benchmarks.micro_batches", "--only", way, *map(str, options)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro_batches", description=__doc__)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", choices=WAYS, help="measure one in this process, and print it as JSON")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only, args.steps, args.device)))
        return
    measured = {"batch": [ROWS, TOKENS], "ways": {way: in_a_process(way, args) for way in WAYS}}
    record("benchmarks.micro_batches", args.device, measured, args.output)


if __name__ == "__main__":
    main()
