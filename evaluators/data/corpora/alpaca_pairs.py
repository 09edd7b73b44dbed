"""Alpaca: instructions, some with an input, and what is to be said to them."""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.data.alpaca import alpaca_prompt

from .entry import CorpusEntry, text_in

__all__ = ["alpaca_pairs"]


def alpaca_pairs(entry: CorpusEntry) -> Iterator[tuple[str, str]]:
    """The prompt of Stanford's program, and the output behind it.

    Nothing of an entry without an output, of which the release has some.

    >>> [(prompt, said)] = alpaca_pairs({"instruction": "Add them.", "input": "1, 2", "output": "3"})
    >>> prompt.endswith("### Response:\\n"), said
    (True, '3')
    """
    said = text_in(entry, "output")
    if said.strip():
        given = text_in(entry, "input") if entry.get("input") else ""
        yield alpaca_prompt(text_in(entry, "instruction"), given), said
