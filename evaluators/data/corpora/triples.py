"""WebNLG and DART: facts as triples of subject, predicate and object, to be said in a sentence or a few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .entry import CorpusEntry
from .separator import SEPARATOR

__all__ = ["dart_pairs", "linearised_triples", "webnlg_entries", "webnlg_pairs"]


def linearised_triples(triples: Iterable[Sequence[str]]) -> str:
    """Triples in their order, as LoRA's program has them (microsoft/LoRA, format_converting_webnlg.py).

    Raises ValueError where one is no subject, predicate and object, or there is none.

    >>> linearised_triples([("Aarhus", "leaderName", "Jacob_Bundsgaard"), ("Aarhus", "country", "Denmark")])
    'Aarhus : leaderName : Jacob_Bundsgaard | Aarhus : country : Denmark'
    """
    said = [" : ".join((subject, predicate, object)) for subject, predicate, object in triples]
    if not said:
        raise ValueError("no triple")
    return " | ".join(said)


def webnlg_entries(document: Any) -> list[CorpusEntry]:
    """The entries of a file of the official JSON release, each of which stands under its own number."""
    return [entry for numbered in document["entries"] for entry in numbered.values()]


def webnlg_pairs(entry: CorpusEntry) -> Iterator[tuple[str, str]]:
    """A prompt with each of its good lexicalisations; those to be mended are left out, as LoRA's program
    does."""
    triples = [(one["subject"], one["property"], one["object"]) for one in entry["modifiedtripleset"]]
    prompt = linearised_triples(triples) + SEPARATOR
    for said in entry["lexicalisations"]:
        if said["comment"] == "good":
            yield prompt, " " + said["lex"].strip()


def dart_pairs(entry: CorpusEntry) -> Iterator[tuple[str, str]]:
    """A prompt with each of its annotations; predicates are in lower case, as in LoRA's program
    (format_converting_dart.py)."""
    triples = [(subject, predicate.lower(), object) for subject, predicate, object in entry["tripleset"]]
    prompt = linearised_triples(triples) + SEPARATOR
    for said in entry["annotations"]:
        yield prompt, " " + said["text"].strip()
