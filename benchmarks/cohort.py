"""One candidate-step of a cohort against one step of peft's LoRA in a plain PyTorch loop.

Same base model, rows, sites, ranks, head and AdamW; float32, no dropout on either side; a language model's
loss is transformers' own on peft's side. Ours and theirs take turns within one process, and the ratio is of
medians; peak memory is that of a process of its own for each. example:
python -m benchmarks.cohort --model minilm --counts 1,4,16
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from evaluators.training.memory import peak_memory, reset_peak_memory

from .cohort_case import CASES, RANK, our_step, peft_step
from .record import record

_STEPS_TO_PEAK = 3


def seconds_of(step: Callable[[], None], device: str) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    step()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - started


def times_of(args: argparse.Namespace, count: int) -> dict[str, float]:
    """Of a cohort of so many candidates, and of peft's, in turns."""
    case = CASES[args.model]
    theirs = peft_step(case, case.load(args.folder, args.device), args.device)
    ours, detach = our_step(case, case.load(args.folder, args.device), count)
    for step in (ours, theirs) * 2:
        seconds_of(step, args.device)
    times = [
        (seconds_of(ours, args.device) / count, seconds_of(theirs, args.device)) for _ in range(args.rounds)
    ]
    detach()
    mine, peft = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "candidates": count,
        "ms_per_candidate_step": round(mine * 1e3, 3),
        "peft_ms_per_step": round(peft * 1e3, 3),
        "ratio": round(mine / peft, 3),
        "candidate_steps_per_second": round(1 / mine, 1),
    }


def memory_of(args: argparse.Namespace, count: int) -> dict[str, float]:
    """Peak of this process while a cohort steps, or peft's where there are 0 candidates, and how far that is
    above what it had before."""
    case, device = CASES[args.model], torch.device(args.device)
    model = case.load(args.folder, args.device)
    reset_peak_memory(device)
    before = peak_memory(device)
    step = our_step(case, model, count)[0] if count else peft_step(case, model, args.device)
    for _ in range(_STEPS_TO_PEAK):
        step()
    peak = peak_memory(device)
    return {"peak_mb": round(peak / 1e6), "step_mb": round((peak - before) / 1e6)}


def in_a_process(args: argparse.Namespace, count: int) -> dict[str, float]:
    """``memory_of`` in a process of its own."""
    options = ["--model", args.model, "--device", args.device, "--memory-of", count]
    options += ["--threads", torch.get_num_threads()]
    options += [] if args.folder is None else ["--folder", args.folder]
    command = [sys.executable, "-m", "benchmarks.cohort", *map(str, options)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def measure(args: argparse.Namespace) -> list[dict[str, float]]:
    """A row per count of candidates."""
    rows = []
    peft = {f"peft_{name}": value for name, value in in_a_process(args, 0).items()}
    for count in map(int, args.counts.split(",")):
        row = {**times_of(args, count), **in_a_process(args, count), **peft}
        print(row, file=sys.stderr)
        rows.append(row)
    return rows


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cohort", description=__doc__)
    parser.add_argument("--model", choices=CASES, default="minilm")
    parser.add_argument("--folder", type=Path, help="of the model, for smollm2")
    parser.add_argument(
        "--counts", default="1,4,16", help="candidates per cohort (default: %(default)s; add 64 on a GPU)"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--memory-of", type=int, metavar="C", help="print the peak memory of so many candidates, 0: of peft"
    )
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    if CASES[args.model].folder and args.folder is None:
        parser.error(f"--model {args.model} needs its --folder")
    return args


def main() -> None:
    """Measures and prints."""
    args = parsed()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.memory_of is not None:
        print(json.dumps(memory_of(args, args.memory_of)))
        return
    measured = {
        "model": args.model,
        "rank": RANK,
        "batch": list(CASES[args.model].batch),
        "rows": measure(args),
    }
    record("benchmarks.cohort", args.device, measured, args.output)


if __name__ == "__main__":
    main()
