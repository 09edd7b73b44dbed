"""How a language model's answers are made out: greedily, or by beams."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Decoding"]


@dataclass(frozen=True, slots=True)
class Decoding:
    """Nothing is sampled, so that a model says the same to a prompt every time.

    beams: sentences that are followed at once; 1 is greedy. length_penalty: the power of its length that a
    beam's log-likelihood is divided by. no_repeat_ngram: an answer says n-grams of so many tokens once,
    whether or not its prompt has them; 0 lets all be said again. max_new_tokens: at most.
    The papers' tables are of 10 beams at a length penalty of 0.8 (LoRA, arXiv:2106.09685, table 11), and of
    4-grams that an answer says once (``history`` in microsoft/LoRA, examples/NLG/src/gpt2_beam.py).
    """

    beams: int = 1
    length_penalty: float = 1.0
    no_repeat_ngram: int = 0
    max_new_tokens: int = 64
