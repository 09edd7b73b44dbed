"""How the rows of a corpus are read, asked and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.data.decoding import Decoding
from evaluators.data.passages import Passages
from spaces.counted import counted
from spaces.errors import InputError
from spaces.foreign import foreign

__all__ = ["Corpus", "Entries", "Pairs"]

Entries = Callable[[Path], Sequence[Mapping[str, Any]]]
"""The entries of a file: rows of a table, or objects of a JSON document."""

Pairs = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
"""Prompts and completions of one entry; it may raise anything where that is not of the corpus' layout."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus of prompts and what is to be said to them.

    entries, pairs: how a file is read. layout: what an entry has, for a message. text_metrics: by which
    generated text is judged, names in ``TEXT_METRICS``. decoding: how text is usually made out.
    """

    entries: Entries
    pairs: Pairs
    layout: str
    text_metrics: tuple[str, ...]
    decoding: Decoding

    def passages(self, name: str, path: Path) -> Passages:
        """The rows of a file, in its order: one for each completion. name: the corpus', for messages.

        Raises InputError where the file cannot be read, is laid out otherwise, or has an empty completion.
        """
        return _passages(self.entries(path), self, f"{path} as {name}")


def _passages(entries: Sequence[Mapping[str, Any]], corpus: Corpus, where: str) -> Passages:
    rows = list(_rows(entries, corpus, where))
    if not rows:
        raise InputError(
            f"{where}: {counted(len(entries), 'entry', 'entries')} and no completion; give some."
        )
    prompts, completions = zip(*rows, strict=True)
    return Passages(prompts, completions)


def _rows(entries: Sequence[Mapping[str, Any]], corpus: Corpus, where: str) -> Iterator[tuple[str, str]]:
    for number, entry in enumerate(entries, start=1):
        with foreign(f"{where}: entry {number} cannot be read", f"an entry has {corpus.layout}."):
            pairs = list(corpus.pairs(entry))
        for prompt, completion in pairs:
            if not completion.strip():
                raise InputError(f"{where}: entry {number} has an empty completion; fill or drop it.")
            yield prompt, completion
