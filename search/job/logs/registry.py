"""The programs that can be told losses, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from spaces.errors import InputError
from spaces.unknown_name import row_named

from .loss_log import LossLog

__all__ = ["LOSS_LOGS", "find_loss_log"]


def _tensorboard(folder: Path) -> LossLog:
    from .tensorboard_log import TensorBoardLog

    return TensorBoardLog(folder)


def _wandb(folder: Path) -> LossLog:
    from .wandb_log import WandbLog

    return WandbLog(folder)


LOSS_LOGS: Final[Mapping[str, Callable[[Path], LossLog]]] = {"tensorboard": _tensorboard, "wandb": _wandb}
"""Each is also the name of the package that it takes."""


def find_loss_log(name: str, folder: Path) -> LossLog:
    """The log of that name, which writes into ``folder``, there or not.

    Raises UsageError on an unknown name, InputError where its package is missing.
    """
    build = row_named("log", name, LOSS_LOGS)
    try:
        return build(folder)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise InputError(f"{name} is missing, which `log={name}` needs; pip install {name}.") from None
