"""How the rows of a corpus of prompts and completions are read, asked and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.data.decoding import Decoding
from evaluators.data.passages import Passages
from spaces.counted import counted
from spaces.errors import InputError

from .entries import Entries, numbered
from .entry import CorpusEntry
from .published import Published

__all__ = ["Corpus"]

Pairs = Callable[[CorpusEntry], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus of prompts and what is to be said to them.

    entries: those of a file. pairs: prompts and completions of one entry; it may raise anything where that is
    not laid out as it should be. layout: what an entry has, for a message. text_metrics: by which generated
    text is judged, names in ``TEXT_METRICS``. decoding: how text is usually made out. published: where it is
    on the hub.
    """

    entries: Entries
    pairs: Pairs
    layout: str
    text_metrics: tuple[str, ...]
    decoding: Decoding
    published: Published

    def passages(self, name: str, path: Path) -> Passages:
        """The rows of a file, in its order: one for each completion. name: the corpus', for messages.

        Raises InputError where the file cannot be read, is laid out otherwise, or has an empty completion.
        """
        return self.read(self.entries(path), f"{path} as {name}")

    def read(self, entries: Sequence[CorpusEntry], where: str) -> Passages:
        """The same of entries. where: they are from, for messages."""
        rows = []
        for number, pairs in numbered(entries, lambda entry: list(self.pairs(entry)), where, self.layout):
            for prompt, completion in pairs:
                if not completion.strip():
                    raise InputError(f"{where}: entry {number} has an empty completion; fill or drop it.")
                rows.append((prompt, completion))
        if not rows:
            found = counted(len(entries), "entry", "entries")
            raise InputError(f"{where}: {found} and no completion; give some.")
        prompts, completions = zip(*rows, strict=True)
        return Passages(prompts, completions)
