"""What a user can choose about a study, with the defaults of ``python -m search.study``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .option_types import names, path, whole
from .options import PROXY_NAMES, Arguments, Options

__all__ = ["GROWING", "STUDY", "StudyOptions"]

STUDY: Final[Arguments] = {
    "study": {
        "--allocations": {
            "type": whole,
            "default": 64,
            "metavar": "N",
            "help": "of each budget: uniform, one kind or role only, top- and bottom-heavy, every proxy's "
            "greedy and exact pick, and random ones, at least a third",
        },
        "--proxy": {
            "type": names,
            "metavar": "P,...",
            "help": f"{PROXY_NAMES}; default: all that can score the space, and some built of others",
        },
        "--budgets": {
            "type": names,
            "metavar": "B,...",
            "help": "several instead of --budget; each is a stratum of its own",
        },
        "--scalings": {
            "type": names,
            "metavar": "R,...",
            "help": "several instead of --scaling, each with every budget",
        },
        "--lrs": {
            "type": names,
            "metavar": "LR,...",
            "help": "several instead of --lr, each with every budget and scaling",
        },
        "--site-truth": {
            "type": names,
            "metavar": "only,without",
            "help": "also train every site alone (only), and all sites but one (without)",
        },
        "--site-rank": {"type": whole, "default": 8, "metavar": "R", "help": "of a site that is alone"},
        "--from": {
            "type": path,
            "metavar": "DIR",
            "dest": "source",
            "help": "write the report of DIR/table.parquet anew, without training",
        },
    },
}
GROWING: Final = ("allocations", "seeds", "proxy", "site_truth", "site_rank", "source")
"""Options that may change when a study goes on in its folder: what was trained before stays valid."""


@dataclass(frozen=True, slots=True)
class StudyOptions(Options):
    """One study, as typed."""

    allocations: int
    budgets: tuple[str, ...] | None
    scalings: tuple[str, ...] | None
    lrs: tuple[str, ...] | None
    site_truth: tuple[str, ...] | None
    site_rank: int
    source: Path | None
