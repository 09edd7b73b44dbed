"""What can be chosen of the base model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from search.job.option import check_settings, option
from spaces.errors import UsageError

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
    load_in_4bit: bool = option(
        False, "pack the frozen linears' weights in 4 bits (nf4, as QLoRA), by bitsandbytes", rare=True
    )
    load_in_8bit: bool = option(
        False, "pack the frozen linears' weights in 8 bits, by bitsandbytes", rare=True
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.load_in_4bit and self.load_in_8bit:
            raise UsageError("`load_in_4bit` and `load_in_8bit` exclude each other; give one of them.")

    @property
    def bits(self) -> int | None:
        """Of the frozen linears' weights; None: those of ``dtype``."""
        return 4 if self.load_in_4bit else 8 if self.load_in_8bit else None
