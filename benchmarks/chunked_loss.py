"""The chunked loss of a cohort of language models against the plain one, which holds all logits.

Forward and backward of 4 candidates with 4 rows of 128 tokens each, at the vocabulary of SmolLM2 (49,152), on
a body so small that the head decides; each in a process of its own. What a step needs is the peak memory
beyond what there was before it. example: python -m benchmarks.chunked_loss --rounds 3
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from evaluators.data.rows import Rows
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.memory import peak_memory, reset_peak_memory
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.objective import Batch, Losses

from .record import record

CANDIDATES, ROWS, TOKENS, RANK = 4, 4, 128, 8


class Plain(CausalLM):
    """The same objective, by way of all logits at once."""

    def losses(self, model: PreTrainedModel, batch: Batch) -> Losses:
        return self.losses_of(model(**batch.inputs).logits, batch.labels)


LOSSES = {"chunked": CausalLM(), "plain": Plain()}


def language_model(vocabulary: int, device: str) -> PreTrainedModel:
    """A Llama of two layers of width 128 with random weights and tied embeddings."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama", vocab_size=vocabulary, hidden_size=128, intermediate_size=256, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, use_cache=False, pad_token_id=0,
        tie_word_embeddings=True,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config)
    assert isinstance(model, PreTrainedModel)
    return model.to(device).eval().requires_grad_(False)  # type: ignore[arg-type]


def measure(loss: str, vocabulary: int, rounds: int, device: str) -> dict[str, float]:
    """Of this process: peak memory beyond that before the first step, and the median time of a step."""
    model, objective = language_model(vocabulary, device), LOSSES[loss]
    sites = find_sites(model, "lora[q,v]")
    allocation = Allocation.of({site.name: RANK for site in sites})
    candidates = [Candidate(allocation, seed, 1e-3) for seed in range(CANDIDATES)]
    cohort = Cohort(model, sites, objective, candidates, Recipe(batch_size=ROWS), slots=CANDIDATES)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
    tokens = np.random.default_rng(0).integers(1, vocabulary, (CANDIDATES * ROWS, TOKENS))
    rows = Rows(tuple(tokens), None, tuple(tokens))
    indices = list(np.arange(CANDIDATES * ROWS).reshape(CANDIDATES, ROWS))
    place = torch.device(device)
    reset_peak_memory(place)
    before, seconds = peak_memory(place), []
    with cohort.wires.attach(model):
        for _ in range(rounds):
            began = time.perf_counter()
            losses = cohort.losses(range(CANDIDATES), rows, indices)
            norm = float(cohort.stacked.gradient(losses.sum()).norm())
            seconds.append(time.perf_counter() - began)
    return {
        "peak_mb": round((peak_memory(place) - before) / 1e6, 1),
        "seconds": round(statistics.median(seconds), 3),
        "loss": round(float(losses.detach().mean()), 6),
        "gradient_norm": round(norm, 6),
    }


def in_a_process(loss: str, args: argparse.Namespace) -> dict[str, float]:
    """The same, of a fresh process."""
    options = ["--vocabulary", args.vocabulary, "--rounds", args.rounds, "--device", args.device]
    command = [sys.executable, "-m", "benchmarks.chunked_loss", "--only", loss, *map(str, options)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chunked_loss", description=__doc__)
    parser.add_argument("--vocabulary", type=int, default=49_152)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", choices=LOSSES, help="measure one in this process, and print it as JSON")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only, args.vocabulary, args.rounds, args.device)))
        return
    rows = {loss: in_a_process(loss, args) for loss in LOSSES}
    measured = {
        "vocabulary": args.vocabulary,
        "batch": [CANDIDATES, ROWS, TOKENS],
        "logits_mb": round(CANDIDATES * ROWS * TOKENS * args.vocabulary * 4 / 1e6, 1),
        **rows,
        "ratio_of_memory": round(rows["chunked"]["peak_mb"] / rows["plain"]["peak_mb"], 3),
        "ratio_of_time": round(rows["chunked"]["seconds"] / rows["plain"]["seconds"], 3),
    }
    record("benchmarks.chunked_loss", args.device, measured, args.output)


if __name__ == "__main__":
    main()
