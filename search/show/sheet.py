"""What a command says when it has ended: a headline, tables and sentences, as text and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.adapters.markdown import escaped
from evaluators.store.whole_file import write_whole
from spaces.printable import printable

from .aligned_text import wrapped
from .table import Table

__all__ = ["Sheet", "SheetPart"]

SheetPart = Table | tuple[str, ...]
"""A table, or sentences."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """headline: the answer, in one sentence; empty where there is none. parts: below it, from the top.

    >>> sheet = Sheet("Nothing was found.", (("note: the rows are few",),))
    >>> print(sheet.text)
    Nothing was found.
    <BLANKLINE>
    note: the rows are few
    """

    headline: str
    parts: tuple[SheetPart, ...]

    @property
    def text(self) -> str:
        """The headline in one line, then lines of at most 80 columns."""
        blocks = [[printable(self.headline)] if self.headline else []]
        for part in self.parts:
            if isinstance(part, Table):
                blocks.append(part.lines())
            else:
                blocks.append([line for sentence in part for line in wrapped(sentence)])
        return "\n\n".join("\n".join(block) for block in blocks if block)

    @property
    def markdown(self) -> str:
        """The same for those who paste it into an issue or a model card."""
        blocks = [f"# {escaped(self.headline)}"] if self.headline else []
        for part in self.parts:
            if isinstance(part, Table):
                blocks.append(part.markdown())
            elif part:
                blocks.append("\n".join(f"- {escaped(sentence)}" for sentence in part))
        return "\n\n".join(blocks) + "\n"

    @property
    def tables(self) -> tuple[Table, ...]:
        """Those among the parts."""
        return tuple(part for part in self.parts if isinstance(part, Table))

    def with_sentences(self, *sentences: str) -> Sheet:
        """The same with a part more."""
        return replace(self, parts=(*self.parts, sentences))

    def files(self, stem: str) -> Mapping[str, str]:
        """By name, one Markdown file with all of it, and one CSV file for each table."""
        tables = {f"{stem}{'-' if one.name else ''}{one.name}.csv": one.csv() for one in self.tables}
        return {f"{stem}.md": self.markdown, **tables}

    def write(self, folder: Path, stem: str) -> None:
        """``files``, each of them whole."""
        for name, text in self.files(stem).items():
            write_whole(folder / name, text)
