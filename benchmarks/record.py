"""Writing a measurement down with the command, the commit and the machine that made it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
import transformers

__all__ = ["record"]


def record(module: str, device: str, measured: Mapping[str, object], output: Path | None) -> None:
    """Prints a measurement as JSON with its circumstances, and writes it to ``output`` where one is given."""
    result = {
        "command": " ".join(["python -m", module, *map(_anywhere, sys.argv[1:])]),
        "commit": _git("rev-parse", "--short", "HEAD")
        + (" with changes" if _git("status", "--porcelain", "*.py") else ""),
        "machine": {
            "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else _cpu(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        **measured,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if output:
        output.write_text(text + "\n")


def _anywhere(word: str) -> str:
    """An argument without the place on this machine that it may name."""
    return "DIR" if Path(word).is_absolute() else word


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor()
    )
