"""The strata of a small study's table, and a handful of entries in one."""

from __future__ import annotations

from evaluators.store.benchmark_table import Stratum

NOTES = {
    "facts": [["model", "tiny"]],
    "epochs": 2,
    "costs": [{"proxy": "spread", "seconds": 3.0, "peak_memory": 0}],
    "left_out": [],
    "site_scores": {},
}
SLOW, FAST = (Stratum("budget", 64, "alpha/r", rate) for rate in (1e-3, 3e-3))
LARGE = Stratum("budget", 128, "alpha/r", 1e-3)
ALONE = Stratum("only", 64, "alpha/r", 1e-3)


def few(make_entry, stratum, share=1):
    """Five allocations of one cost."""
    ranks = [(2, 2, 2, 2), (4, 4, 0, 0), (0, 0, 4, 4), (4, 2, 1, 1), (1, 1, 2, 4)]
    origins = ["uniform", "bottom half", "top half", "random", "random"]
    return [
        make_entry(stratum, [share * rank for rank in one], origin)
        for one, origin in zip(ranks, origins, strict=True)
    ]
