"""What can be chosen of the base model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from search.job.option import check_settings, option

__all__ = ["ModelSettings"]


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The base model (default: the embedded MiniLM)."""

    model: str | None = option(
        None,
        "a local folder, a hub name such as roberta-large, or smollm2, of a package",
        metavar="DIR|NAME",
        default_text="the embedded MiniLM",
        file=True,
    )
    dtype: Literal["float32", "bfloat16"] = option(
        "float32", "of the frozen base model; what is trained is float32", rare=True
    )

    def __post_init__(self) -> None:
        check_settings(self)
