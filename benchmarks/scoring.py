"""Scoring all sites against a forward and backward of full fine-tuning over the same batches.

Also how many allocations a second one set of scores ranks. example: python -m benchmarks.scoring
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from evaluators.objectives.classification import Classification
from proxies.measure.evidence import Evidence
from proxies.measure.warm_up import WarmUp
from proxies.proxy import needs_of
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from spaces.search_space import SearchSpace

from .cohort_case import CASES
from .record import record

CLASSES = Classification(("negative", "positive"))
DEFAULTS = ("grad_norm", "spectrum", "snip", "synflow")
WARM = ("solo_linear", "solo")
NOT_WARM = tuple(name for name, proxy in PROXIES.items() if proxy.point != "warm")


def batches_of(count: int, device: str) -> list[Batch]:
    """Random batches of 16 rows of 48 tokens."""
    generator = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(count):
        tokens = torch.randint(1000, 20000, (16, 48), generator=generator).to(device)
        labels = torch.randint(0, 2, (16,), generator=generator).to(device)
        batches.append(Batch({"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}, labels))
    return batches


def full_fine_tuning(model: PreTrainedModel, batches: list[Batch]) -> None:
    """Forward and backward over all batches with every parameter trained."""
    model.requires_grad_(True)
    for batch in batches:
        torch.nn.functional.cross_entropy(model(**batch.inputs).logits, batch.labels).backward()
    model.zero_grad(set_to_none=True)
    model.requires_grad_(False)


def score(model: PreTrainedModel, batches: list[Batch], space: SearchSpace, names: tuple[str, ...]) -> None:
    """All of these proxies' scores of all sites."""
    proxies = [PROXIES[name] for name in names]
    score_sites(proxies, Evidence(model, CLASSES, batches, space, seed=0, needs=needs_of(proxies)))


def able(
    model: PreTrainedModel, batches: list[Batch], space: SearchSpace, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Those of the proxies that can rank this space from these batches."""
    needs = needs_of([PROXIES[name] for name in names])
    evidence, kept = Evidence(model, CLASSES, batches, space, seed=0, needs=needs), []
    for name in names:
        try:
            score_sites([PROXIES[name]], evidence)
        except InputError:
            continue
        kept.append(name)
    return tuple(kept)


def median_seconds(calls: list[Callable[[], None]], rounds: int, device: str) -> list[float]:
    """Median of each, taken in turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds + 1):
        for column, call in zip(times, calls, strict=True):
            started = time.perf_counter()
            call()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            column.append(time.perf_counter() - started)
    return [statistics.median(column[1:]) for column in times]  # the first round warms up


def allocations_per_second(model: PreTrainedModel, batches: list[Batch], space: SearchSpace) -> float:
    """Random rank vectors scored from one proxy's table."""
    (scores,) = score_sites([PROXIES["grad_norm"]], Evidence(model, CLASSES, batches[:1], space, seed=0))
    ranks = np.random.default_rng(0).choice(space.ranks, size=(200_000, len(space.sites)))
    started = time.perf_counter()
    scores.of_rank_vectors(ranks)
    return len(ranks) / (time.perf_counter() - started)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--model", choices=("minilm", "opt-350m"), default="minilm")
    parser.add_argument("--space", default="lora+shortcut")
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def main() -> None:
    """Measures and prints."""
    args = parsed()
    model = CASES[args.model].load(None, args.device)
    space = SearchSpace(find_sites(model, args.space), (0, 2, 4, 8, 16, 32))
    batches = batches_of(args.batches, args.device)
    names = [
        "full fine-tuning, forward and backward",
        "the four defaults",
        "all proxies at dense",
        "all proxies but the warm ones",
        f"{' and '.join(WARM)}, with their warm-up of {WarmUp().steps} steps",
    ]
    usable = able(model, batches, space, NOT_WARM)
    calls = [
        lambda: full_fine_tuning(model, batches),
        lambda: score(model, batches, space, DEFAULTS),
        lambda: score(model, batches, space, [name for name in usable if PROXIES[name].point == "dense"]),
        lambda: score(model, batches, space, usable),
        lambda: score(model, batches, space, WARM),
    ]
    seconds = median_seconds(calls, args.rounds, args.device)
    measured = {
        "model": args.model,
        "space": args.space,
        "sites": len(space.sites),
        "batches": [args.batches, 16, 48],
        "seconds": {name: round(value, 4) for name, value in zip(names, seconds, strict=True)},
        "ratio_defaults": round(seconds[1] / seconds[0], 3),
        "ratio_dense_proxies": round(seconds[2] / seconds[0], 3),
        "ratio_all_proxies": round(seconds[3] / seconds[0], 3),
        "ratio_warm_proxies": round(seconds[4] / seconds[0], 3),
        "left_out": [name for name in NOT_WARM if name not in usable],
        "allocations_per_second": round(allocations_per_second(model, batches, space)),
    }
    record("benchmarks.scoring", args.device, measured, args.output)


if __name__ == "__main__":
    main()
