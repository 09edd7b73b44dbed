"""What a user can choose about a comparison, with the defaults of ``python -m search.compare``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spaces.errors import UsageError

from .option_types import names, whole
from .options import Arguments, Options, learning_rate

__all__ = ["COMMAND", "COMPARE", "GROWING", "CompareOptions"]

COMMAND: Final = "search.compare"
"""Whose a folder is, of presets and of others."""

COMPARE: Final[Arguments] = {
    "comparison": {
        "--methods": {
            "default": "all",
            "metavar": "M,...",
            "help": "NAME[setting=value,...]@SPACE/RENORM, all but NAME optional: lora, head, full, "
            "hetero-static, hetero-dynamic, hetero-separated, dylora, dylora-frozen, sora, adalora, salora, "
            "alora, flop, spectral, spectral-aligned, or all of them; peft: PEFT's own, peft-lora and so on",
        },
        "--lrs": {
            "type": names,
            "metavar": "LR,...",
            "help": "grid from which every method's learning rate is chosen; default: --lr alone",
        },
        "--scalings": {
            "type": names,
            "metavar": "R,...",
            "help": "grid from which every method's scaling is chosen; default: --scaling alone",
        },
        "--tune-seeds": {
            "type": whole,
            "default": 1,
            "metavar": "N",
            "help": "runs of each point of the grid, with seeds that are not reported; judged by the "
            "validation loss",
        },
        "--preset": {
            "metavar": "NAME",
            "help": "a table of the papers, with its model, methods and settings: see --preset list",
        },
        "--dataset": {
            "type": names,
            "metavar": "D,...",
            "help": "columns of the preset's table; default: all",
        },
    },
}
GROWING: Final = ("methods", "seeds", "lrs", "scalings", "tune_seeds")
"""Options that may change when a comparison goes on in its folder: what was trained before stays valid."""


@dataclass(frozen=True, slots=True)
class CompareOptions(Options):
    """One comparison, as typed."""

    methods: str
    lrs: tuple[str, ...] | None
    scalings: tuple[str, ...] | None
    tune_seeds: int
    preset: str | None
    dataset: tuple[str, ...] | None

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        if self.dataset and not self.preset:
            raise UsageError("--dataset names columns of a --preset's table; for a task use --task.")
        for text in self.lrs or ():
            learning_rate(text)
