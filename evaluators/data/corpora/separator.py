"""What stands between a linearised input and what is to be said of it."""

from __future__ import annotations

from typing import Final

__all__ = ["SEPARATOR"]

SEPARATOR: Final = " ||"
"""Told apart from the bars within the input, and the same for every tokenizer.

LoRA's program puts GPT-2's <|endoftext|> there, which is both its first and its last token; other models have
two tokens for these, or begin every row with one. The two bars are those of the program's own text files.
"""
