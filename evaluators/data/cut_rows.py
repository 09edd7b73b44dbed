"""Rows that had more tokens than a row may have: what is said of them, and what to do."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from spaces.counted import counted

__all__ = ["cut_rows_note"]


def cut_rows_note(part: str, cut: int, rows: int, tokenizer: PreTrainedTokenizerBase, limit: int) -> str:
    """A sentence about the rows of a part that were cut.

    cut: how many, of how many rows. limit: the tokens that were kept; where it is the tokenizer's own
    maximum, no option raises it.
    """
    stated = limit >= tokenizer.model_max_length
    remedy = (
        "the most that the model's tokenizer states" if stated else "raise `max_length` to keep them whole"
    )
    return (
        f"cut {cut} of {counted(rows, 'row')} ({cut / rows:.1%}) of the {part} part behind "
        f"{counted(limit, 'token')}{', ' if stated else '; '}{remedy}"
    )
