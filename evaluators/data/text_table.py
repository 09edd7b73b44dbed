"""Raw rows: texts and their labels, as a file or a named task has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spaces.counted import counted

__all__ = ["TextTable"]


@dataclass(frozen=True, slots=True)
class TextTable:
    """Raw rows. texts: one text or a pair of them a row, the same in every row. labels: one a row."""

    texts: tuple[tuple[str, ...], ...]
    labels: tuple[str | float, ...]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise ValueError(
                f"{counted(len(self.texts), 'row')} of texts need as many labels, not {len(self.labels)}."
            )
        widths = {len(row) for row in self.texts}
        if not widths <= {1} and not widths <= {2}:
            raise ValueError(f"rows have {sorted(widths)} texts; give every row 1, or every row 2.")

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, indices: Sequence[int]) -> TextTable:
        """The rows at ``indices``, in that order."""
        return TextTable(tuple(self.texts[i] for i in indices), tuple(self.labels[i] for i in indices))
