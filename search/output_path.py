"""Where a command writes."""

from __future__ import annotations

import time
from pathlib import Path

from .options import Options

__all__ = ["output_path"]


def output_path(options: Options) -> Path:
    """``--output``, or a folder under runs/ that is named by the time and is not there yet."""
    if options.output is not None:
        return options.output
    path = Path("runs") / time.strftime("%Y-%m-%d_%H-%M-%S")
    names = (path, *(path.with_name(f"{path.name}-{number}") for number in range(2, 1000)))
    return next(one for one in names if not one.exists())
