"""Rows of the hub's data sets as the corpora's own files have them."""

from __future__ import annotations

from typing import Any

from .entry import CorpusEntry

__all__ = ["dart_row", "e2e_row", "webnlg_row"]


def e2e_row(row: dict[str, Any]) -> CorpusEntry:
    """Of tuetschek/e2e_nlg_cleaned.

    >>> e2e_row({"meaning_representation": "name[Cocum]", "human_reference": "Cocum."})
    {'mr': 'name[Cocum]', 'ref': 'Cocum.'}
    """
    return {"mr": row["meaning_representation"], "ref": row["human_reference"]}


def dart_row(row: dict[str, Any]) -> CorpusEntry:
    """Of Yale-LILY/dart, whose annotations are a list of each field."""
    return {
        "tripleset": row["tripleset"],
        "annotations": [{"text": text} for text in row["annotations"]["text"]],
    }


def webnlg_row(row: dict[str, Any]) -> CorpusEntry:
    """Of webnlg-challenge/web_nlg, whose triples are texts with bars, and whose test part has no comments."""
    lex = row["lex"]
    triples = [triple.split(" | ") for triple in row["modified_triple_sets"]["mtriple_set"][0]]
    comments = lex["comment"] or ["good"] * len(lex["text"])
    return {
        "modifiedtripleset": [
            {"subject": subject, "property": predicate, "object": object}
            for subject, predicate, object in triples
        ],
        "lexicalisations": [
            {"lex": text, "comment": comment or "good"}
            for text, comment in zip(lex["text"], comments, strict=True)
        ],
    }
