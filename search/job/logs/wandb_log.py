"""Curves for Weights & Biases. Importing this takes its package."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import wandb

from .loss_log import LossPoint

__all__ = ["WandbLog"]

_PROJECT: Final = "rankscape"  # where the environment names no other
_STEP: Final = "step"


class WandbLog:
    """A ``LossLog`` with a run there for each run here, all in one group; where they go, and whether at all,
    its own settings say (``WANDB_PROJECT``, ``WANDB_MODE=offline``).

    A run goes on where one of its name in this folder was begun, and no other: its id is a digest of both.
    Steps that it has are not told again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, run: str, points: Sequence[LossPoint], settings: dict[str, str | float], /) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        group = self._folder.resolve().parent.name
        own = wandb.init(
            project=wandb.Settings().project or _PROJECT,
            group=group,
            name=run,
            id=hashlib.sha256(f"{self._folder.resolve()}\n{run}".encode()).hexdigest()[:32],
            resume="allow",
            reinit="create_new",
            config=settings,
            dir=str(self._folder),
        )
        own.define_metric("*", step_metric=_STEP)
        known = own.summary.get(_STEP, 0)  # the last one, also where the run was resumed
        for point in points:
            if point.step > known:
                own.log({point.name: point.value, _STEP: point.step})
        own.finish(quiet=True)
