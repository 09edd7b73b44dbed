"""GSM8K: sums in words, to be solved step by step."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import CorpusEntry, text_in

__all__ = ["gsm8k_pairs"]


def gsm8k_pairs(entry: CorpusEntry) -> Iterator[tuple[str, str]]:
    """The prompt and the completion of a row with a question and an answer, whose number follows ``####``.

    The prompt is that of lm-evaluation-harness (lm_eval/tasks/gsm8k/gsm8k.yaml). The answer keeps its
    <<3+4=7>> calculator marks, as there.
    """
    yield f"Question: {text_in(entry, 'question').strip()}\nAnswer:", " " + text_in(entry, "answer").strip()
