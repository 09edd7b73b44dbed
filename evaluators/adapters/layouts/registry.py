"""The layouts by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from spaces.counted import counted
from spaces.unknown_name import row_named

from .baked import baked
from .padded import padded_to_one_rank
from .peft_adapter import PeftAdapter

__all__ = ["LAYOUTS", "Layout", "find_layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to lay an adapter out.

    laid_out: the same deltas in it. note: for the model card, how its files differ from the ranks that the
    card shows, of ``{r}``, the rank in its config, and ``{linears}``; empty where they do not. one_rank:
    whether every linear has that rank, as servers of many adapters ask.
    """

    laid_out: Callable[[PeftAdapter], PeftAdapter]
    note: str
    one_rank: bool = False

    def note_of(self, adapter: PeftAdapter) -> str:
        """The note on an adapter that is in this layout."""
        return self.note.format(r=adapter.config.r, linears=counted(len(adapter.wired), "linear"))


def _as_saved(adapter: PeftAdapter) -> PeftAdapter:
    return adapter


LAYOUTS: Final[Mapping[str, Layout]] = MappingProxyType(
    {
        "peft": Layout(_as_saved, ""),
        "padded": Layout(
            padded_to_one_rank,
            "Padded with zeros to rank {r} at {linears}, alpha = {r}; the scale is in B.",
            one_rank=True,
        ),
        "baked": Layout(baked, "The scale is in B, and alpha is the rank at each of {linears}."),
    }
)


def find_layout(name: str) -> Layout:
    """The layout of that name; raises UsageError on an unknown one."""
    return row_named("layout", name, LAYOUTS)
