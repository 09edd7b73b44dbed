"""All corpora of prompts and answers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from evaluators.data.decoding import Decoding

from .corpus import Corpus
from .e2e import e2e_pairs
from .entries import array_entries, table_entries, webnlg_file
from .gsm8k import gsm8k_pairs
from .triples import dart_pairs, webnlg_pairs

__all__ = ["CORPORA"]

_LORA: Final = Decoding(beams=10, length_penalty=0.8, no_repeat_ngram=4, max_new_tokens=64)
"""Of all tables of LoRA's, and after it DyLoRA's (microsoft/LoRA, examples/NLG/README.md)."""

CORPORA: Final[Mapping[str, Corpus]] = MappingProxyType(
    {
        "dart": Corpus(
            array_entries,
            dart_pairs,
            "a tripleset [[subject, predicate, object], ...] and annotations [{text}, ...]",
            ("bleu", "ter", "chrf"),
            _LORA,
        ),
        "e2e": Corpus(table_entries, e2e_pairs, "the columns mr and ref", ("bleu", "nist", "rouge_l"), _LORA),
        "gsm8k": Corpus(
            table_entries,
            gsm8k_pairs,
            "a question and an answer",
            ("final_number",),
            Decoding(max_new_tokens=256),
        ),
        "webnlg": Corpus(
            webnlg_file,
            webnlg_pairs,
            "a modifiedtripleset [{subject, property, object}, ...] and lexicalisations [{lex, comment}]",
            ("bleu", "ter", "chrf"),
            _LORA,
        ),
    }
)
"""Text metrics are those of LoRA's tables that need neither Java nor a download; chrF stands for METEOR where
that is one of them."""
