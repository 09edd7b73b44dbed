"""All tasks that a language model answers in words, by name: corpora, and questions with choices."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from evaluators.data.decoding import Decoding

from .alpaca_pairs import alpaca_pairs
from .corpus import Corpus
from .e2e import e2e_pairs
from .entries import array_entries, table_entries, webnlg_file
from .gsm8k import gsm8k_pairs
from .hub_layouts import dart_row, e2e_row, webnlg_row
from .published import AS_PARQUET, Published
from .quiz import Quiz
from .sentiment import sentiment_question
from .superglue import boolq_question, cb_question, copa_question
from .triples import dart_pairs, webnlg_pairs

__all__ = ["CORPORA", "QUIZZES"]

_LORA: Final = Decoding(beams=10, length_penalty=0.8, no_repeat_ngram=4, max_new_tokens=64)
"""Of all tables of LoRA's, and after it DyLoRA's (microsoft/LoRA, examples/NLG/README.md)."""

_SUPERGLUE: Final = "aps/super_glue"

CORPORA: Final[Mapping[str, Corpus]] = MappingProxyType(
    {
        "alpaca": Corpus(
            table_entries,
            alpaca_pairs,
            "an instruction, an output, and an input where it needs one",
            ("rouge_l",),
            Decoding(max_new_tokens=256),
            Published("tatsu-lab/alpaca", report=None),
        ),
        "dart": Corpus(
            array_entries,
            dart_pairs,
            "a tripleset [[subject, predicate, object], ...] and annotations [{text}, ...]",
            ("bleu", "ter", "chrf"),
            _LORA,
            Published("Yale-LILY/dart", revision=AS_PARQUET, entry=dart_row),
        ),
        "e2e": Corpus(
            table_entries,
            e2e_pairs,
            "the columns mr and ref",
            ("bleu", "nist", "rouge_l"),
            _LORA,
            Published("tuetschek/e2e_nlg_cleaned", revision=AS_PARQUET, entry=e2e_row),
        ),
        "gsm8k": Corpus(
            table_entries,
            gsm8k_pairs,
            "a question and an answer",
            ("final_number",),
            Decoding(max_new_tokens=256),
            Published("openai/gsm8k", "main"),
        ),
        "webnlg": Corpus(
            webnlg_file,
            webnlg_pairs,
            "a modifiedtripleset [{subject, property, object}, ...] and lexicalisations [{lex, comment}]",
            ("bleu", "ter", "chrf"),
            _LORA,
            Published(
                "webnlg-challenge/web_nlg", "webnlg_challenge_2017", revision=AS_PARQUET, entry=webnlg_row
            ),
        ),
    }
)
"""Text metrics are those of LoRA's tables that need neither Java nor a download; chrF stands for METEOR where
that is one of them."""

QUIZZES: Final[Mapping[str, Quiz]] = MappingProxyType(
    {
        "boolq": Quiz(
            table_entries,
            boolq_question,
            "a passage, a question and a label, true or false",
            Published(_SUPERGLUE, "boolq", report="validation"),
        ),
        "cb": Quiz(
            table_entries,
            cb_question,
            "a premise, a hypothesis and a label: entailment, contradiction or neutral",
            Published(_SUPERGLUE, "cb", report="validation"),
        ),
        "copa": Quiz(
            table_entries,
            copa_question,
            "a premise, choice1, choice2, a question (cause or effect) and a label, 0 or 1",
            Published(_SUPERGLUE, "copa", report="validation"),
        ),
        "rotten_tomatoes": Quiz(
            table_entries, sentiment_question, "a text and a label, 0 or 1: negative or positive", None
        ),
    }
)
"""Files are laid out as SuperGLUE's own JSON lines; its test parts hide what is right."""
