"""What a finished run leaves in its folder."""

from __future__ import annotations

from typing import Final

__all__ = ["OF_A_RUN", "WITHOUT_WEIGHTS"]

WITHOUT_WEIGHTS: Final = sorted(
    [".lock", "allocation.json", "artifacts", "finalists.png", "options.json", "ranks.png", "study.db"]
    + [f"result.{ending}" for ending in ("csv", "json", "md")]
)
OF_A_RUN: Final = sorted([*WITHOUT_WEIGHTS, "adapter"])
