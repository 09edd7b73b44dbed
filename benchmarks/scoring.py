"""Scoring all sites against a forward and backward of LoRA over the same batches: time, and memory beyond it.

Each arm in processes of its own: LoRA of rank 8 at every site; the default proxies within --memory, which are
named; those of small models with the whole gradient of every site; what allocate takes. And how sketched
scores agree with exact ones, and how many allocations a second a set of scores ranks.
example: python -m benchmarks.scoring --model minilm --memory 10%
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from scipy.stats import spearmanr
from transformers import PreTrainedModel

from evaluators.objectives.task_objective import TaskObjective
from evaluators.training.memory import peak_memory, reset_peak_memory
from proxies.measure.evidence import Evidence
from proxies.measure.plan import gradients_fit, memory_for
from proxies.proxy import needs_of
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import SiteScores
from search.job.scoring import DEFAULT_PROXIES
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.memory_size import memory_given
from spaces.objective import Batch
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.stacked import Stacked
from spaces.wires import Wires

from .cohort_case import CASES, RANK
from .record import record

ALLOCATE: Final = ("zico",)
DENSE_PROXIES: Final = ("grad_norm", "spectrum", "snip", "synflow")
SKETCHED_PROXIES: Final = ("grad_norm", "spectrum", "root:adam_signal", "synflow")
WARM: Final = ("solo_linear", "solo")
SKETCHED: Final = ("grad_norm", "spectrum")
EVERYTHING: Final = "1TB"


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What is scored. memory: as ``scoring_memory`` has it; None is the default."""

    model: PreTrainedModel
    objective: TaskObjective
    batches: list[Batch]
    space: SearchSpace
    memory: str | None

    @property
    def of_weights(self) -> tuple[str, ...]:
        """Proxies of the gradient of whole weights; where that does not fit, those that can be sketched."""
        limit = memory_given(self.memory)
        sites = self.space.sites
        return (
            DENSE_PROXIES if gradients_fit(sites, memory_for(self.model, sites, limit)) else SKETCHED_PROXIES
        )

    def score(self, names: tuple[str, ...], memory: str | None = None) -> list[SiteScores]:
        """All of these proxies' scores of all sites."""
        proxies = [find_proxy(name) for name in names]
        chosen = memory or self.memory
        evidence = Evidence(
            self.model,
            self.objective,
            self.batches,
            self.space,
            seed=0,
            needs=needs_of(proxies),
            memory=memory_given(chosen),
        )
        return score_sites(proxies, evidence)

    def able(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the proxies that can rank this space from these batches."""
        kept = []
        for name in names:
            try:
                self.score((name,))
            except InputError:
                continue
            kept.append(name)
        return tuple(kept)


def bench_of(args: argparse.Namespace) -> Bench:
    """Random batches for the model of these arguments; of a language model every token is a target."""
    case = CASES[args.model]
    model = case.load(args.folder, args.device)
    draw = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(args.batches):
        tokens = torch.randint(1000, 20000, (args.rows, args.tokens), generator=draw).to(args.device)
        classes = torch.randint(0, 2, (args.rows,), generator=draw).to(args.device)
        labels = tokens if case.objective.architecture == "causal_lm" else classes
        batches.append(Batch({"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}, labels))
    space = SearchSpace(find_sites(model, args.space), (0, 2, 4, 8, 16, 32))
    return Bench(model, case.objective, batches, space, args.memory)


def lora(bench: Bench) -> None:
    """Forward and backward over all batches of LoRA at every site, with gradients of A and B."""
    sites = bench.space.sites
    ranks = {site.name: min(RANK, site.max_rank) for site in sites}
    stacked = Stacked(Wires.shapes(sites, ranks), 1, device=bench.model.device)
    wires = Wires(sites, ranks, stacked)
    wires.load(0, Allocation.of(ranks), Scaling(), seed=0)
    with wires.attach(bench.model):
        for batch in bench.batches:
            stacked.gradient(bench.objective.losses(bench.model, batch).mean())


def full(bench: Bench) -> None:
    """Forward and backward over all batches with every parameter trained."""
    bench.model.requires_grad_(True)
    for batch in bench.batches:
        bench.objective.losses(bench.model, batch).mean().backward()
    bench.model.zero_grad(set_to_none=True)
    bench.model.requires_grad_(False)


def dense(bench: Bench) -> Callable[[], object]:
    """All proxies at ``dense`` that can rank here, which is found out beforehand."""
    names = bench.able(tuple(name for name, proxy in PROXIES.items() if proxy.point == "dense"))
    return partial(bench.score, names)


ARMS: Final[Mapping[str, Callable[[Bench], Callable[[], object]]]] = {
    "lora": lambda bench: partial(lora, bench),
    "defaults": lambda bench: partial(bench.score, DEFAULT_PROXIES),
    "of weights": lambda bench: partial(bench.score, bench.of_weights),
    "whole": lambda bench: partial(bench.score, DENSE_PROXIES, EVERYTHING),
    "allocate": lambda bench: partial(bench.score, ALLOCATE),
    "full": lambda bench: partial(full, bench),
    "dense": dense,
    "warm": lambda bench: partial(bench.score, WARM),
}
"""What is measured of a bench; what it needs to know first is found out when it is asked for."""


def seconds_of(arm: str, args: argparse.Namespace) -> float:
    """The median time of an arm; the first round warms up."""
    work, seconds = ARMS[arm](bench_of(args)), []
    for _ in range(args.rounds + 1):
        began = time.perf_counter()
        work()
        if args.device.startswith("cuda"):
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return round(float(np.median(seconds[1:])), 3)


def megabytes_of(arm: str, args: argparse.Namespace) -> float:
    """The peak memory of one round of an arm, beyond what the process had when the model was loaded."""
    work, device = ARMS[arm](bench_of(args)), torch.device(args.device)
    reset_peak_memory(device)
    before = peak_memory(device)
    work()
    return round((peak_memory(device) - before) / 1e6, 1)


def agreement(args: argparse.Namespace) -> dict[str, object]:
    """How sketched scores agree with exact ones: by Spearman, of sites and of random allocations, and the
    largest difference of a site's score, as a share of the sketched one, beside the stated error."""
    bench = bench_of(args)
    found: dict[str, object] = {}
    ranks = np.random.default_rng(0).choice(bench.space.ranks, size=(2000, len(bench.space.sites)))
    for exact, other in zip(bench.score(SKETCHED, EVERYTHING), bench.score(SKETCHED), strict=True):
        sites = spearmanr(exact.by_site, other.by_site).statistic
        plans = spearmanr(exact.of_rank_vectors(ranks), other.of_rank_vectors(ranks)).statistic
        found[exact.proxy] = {
            "spearman_of_sites": round(float(sites), 4),
            "spearman_of_allocations": round(float(plans), 4),
            "largest_difference": round(float(np.abs(exact.by_site / other.by_site - 1).max()), 4),
            "stated_error": round(other.error or 0.0, 4),
        }
    return found


def facts(args: argparse.Namespace) -> dict[str, object]:
    """Of the model and the space, and how fast allocations are ranked."""
    bench = bench_of(args)
    (scores,) = bench.score(("params",))
    ranks = np.random.default_rng(0).choice(bench.space.ranks, size=(200_000, len(bench.space.sites)))
    began = time.perf_counter()
    scores.of_rank_vectors(ranks)
    per_second = round(len(ranks) / (time.perf_counter() - began))
    base = sum(one.numel() * one.element_size() for one in bench.model.parameters())
    return {
        "sites": len(bench.space.sites),
        "base_mb": round(base / 1e6, 1),
        "gradients_mb": round(sum(4 * s.d_in * s.d_out for s in bench.space.sites) / 1e6, 1),
        "proxies": list(DEFAULT_PROXIES),
        "allocations_per_second": per_second,
    }


def in_a_process(name: str, args: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Any:
    """A part of what is measured, in a fresh process."""
    chosen = {name: value for name, value in vars(args).items() if name not in ("only", "output", "arms")}
    options = [f"--{name}={value}" for name, value in chosen.items() if value is not None]
    command = [sys.executable, "-m", "benchmarks.scoring", "--only", name, *options]
    answer = subprocess.run(command, capture_output=True, check=True, env=environment)
    print(name, answer.stdout.decode().strip(), file=sys.stderr)
    return json.loads(answer.stdout)


def costs_of(arm: str, args: argparse.Namespace) -> dict[str, float]:
    """Time and memory of an arm, apart: what is freed goes back to the system where memory is measured."""
    giving_back = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    return {
        "seconds": in_a_process(f"seconds of {arm}", args),
        "beyond_mb": in_a_process(f"megabytes of {arm}", args, giving_back),
    }


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--model", choices=CASES, default="minilm")
    parser.add_argument("--folder", type=Path, help="of the model, for smollm2")
    parser.add_argument("--space", default="lora[all]")
    parser.add_argument("--memory", help="scoring_memory")
    parser.add_argument("--arms", default="lora,defaults,whole,allocate", help=f"of {', '.join(ARMS)}")
    for name, default in {"batches": 8, "rows": 16, "tokens": 48, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--only", help="measure one part in this process, and print it as JSON")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if CASES[args.model].folder and args.folder is None:
        parser.error(f"--model {args.model} needs its --folder")
    return args


def part_of(name: str, args: argparse.Namespace) -> object:
    """What a process of its own measures: facts, agreement, seconds of an arm, or megabytes of an arm."""
    if name in ("facts", "agreement"):
        return facts(args) if name == "facts" else agreement(args)
    what, _, arm = name.partition(" of ")
    return seconds_of(arm, args) if what == "seconds" else megabytes_of(arm, args)


def main() -> None:
    """Measures and prints."""
    args = parsed()
    if args.only:
        print(json.dumps(part_of(args.only, args)))
        return
    known = in_a_process("facts", args)
    costs = {arm: costs_of(arm, args) for arm in args.arms.split(",")}
    base, of_lora = known["base_mb"], costs["lora"]
    measured = {
        "model": args.model,
        "space": args.space,
        "scoring_memory": args.memory,
        "batches": [args.batches, args.rows, args.tokens],
        **known,
        "arms": costs,
        "time_beside_lora": {a: round(one["seconds"] / of_lora["seconds"], 3) for a, one in costs.items()},
        "memory_beyond_lora_in_base": {
            arm: round((one["beyond_mb"] - of_lora["beyond_mb"]) / base, 3) for arm, one in costs.items()
        },
        "agreement": in_a_process("agreement", args),
    }
    record("benchmarks.scoring", args.device, measured, args.output)


if __name__ == "__main__":
    main()
