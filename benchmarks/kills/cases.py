"""The commands that are killed, each by a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["CASES"]

_SHORT: Final = (
    "--budget r=2 --epochs 1 --batch-size 8 --scoring-batches 2 --threads 1 --cohort-size 2 --seeds 2"
)
_LIVE: Final = (
    "run --space lora[q,v] --trials 6 --rungs 1 --at-once 4 --finalists 2 --proxy grad_norm --scaling alpha/r"
)

CASES: Final[Mapping[str, str]] = {
    "run": f"run --proposals 4 --finalists 2 --proxy grad_norm,spectrum {_SHORT}",
    "trials": f"{_LIVE} --lrs 3e-3,1e-2 {_SHORT}",
    "front": f"{_LIVE} --lr 1e-2 --objectives loss,params --budget-min r=1 {_SHORT}",
    "study": f"study --allocations 6 --proxy grad_norm,snip --lr 1e-2 {_SHORT}",
    "compare": f"compare --methods lora,hetero-dynamic --space lora[q,v] --lrs 3e-3,1e-2 {_SHORT}",
}
"""Their lines, but for inputs and folder: a search that chooses among proposals, a live search by halving
over two rates, one for a front over budgets, a study of proxies, and a comparison of methods."""
