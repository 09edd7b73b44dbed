"""What a user can choose about a search, with the defaults of ``python -m search.run``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .option_types import names, path, whole
from .options import PROXY_NAMES, Arguments, Options

__all__ = ["SEARCH", "SearchOptions"]

SEARCH: Final[Arguments] = {
    "search": {
        "--proxy": {
            "type": names,
            "metavar": "P,...",
            "help": f"{PROXY_NAMES}; default: grad_norm,spectrum,snip,synflow",
        },
        "--allocator": {
            "type": names,
            "default": ("exact", "greedy", "topk"),
            "metavar": "A,...",
            "help": "uniform, random, topk, greedy, exact; default: exact,greedy,topk",
        },
        "--sampler": {
            "type": names,
            "default": ("tpe",),
            "metavar": "S,...",
            "help": "tpe, nsga2, random; '' for none; default: tpe",
        },
        "--trials": {"type": whole, "default": 32, "metavar": "N", "help": "proposals of each sampler"},
        "--finalists": {
            "type": whole,
            "default": 3,
            "metavar": "N",
            "help": "proposals that are fine-tuned besides the uniform baseline",
        },
        "--evaluator": {
            "choices": ("train", "supernet"),
            "default": "train",
            "help": "of the finalists: fine-tune each, or cut all of them from one super-network per seed, "
            "so that many cost little more than one",
        },
        "--table": {
            "type": path,
            "metavar": "FILE",
            "help": "answer every proposal by the nearest allocation in a study's table.parquet, and train "
            "nothing; its stratum of --budget, --scaling and --lr",
        },
    },
}


@dataclass(frozen=True, slots=True)
class SearchOptions(Options):
    """One search, as typed."""

    allocator: tuple[str, ...]
    sampler: tuple[str, ...]
    trials: int
    finalists: int
    evaluator: str
    table: Path | None
