"""A tokenizer that a reader can follow: a token a letter."""

from __future__ import annotations

from typing import Final

from tokenizers import Tokenizer, models, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

BEGIN: Final = 0
END: Final = 1
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz .?"
_SAID: Final = "{% for m in messages %}{{ m.role[0] }} {{ m.content }}.{% endfor %}"
_NEXT: Final = "{% if add_generation_prompt %}a {% endif %}"
TEMPLATE: Final = _SAID + _NEXT
"""Who speaks, by a first letter, and what is said, up to a full stop."""

MARKED: Final = (
    "{% for m in messages %}{{ m.role[0] }} {% if m.role == 'assistant' %}{% generation %}{{ m.content }}."
    "{% endgeneration %}{% else %}{{ m.content }}.{% endif %}{% endfor %}" + _NEXT
)
"""The same, with marks around what the assistant says."""


def tokenizer_of_letters(
    *,
    begins: bool = False,
    ends: bool = True,
    closes: bool = False,
    merged: tuple[str, ...] = (),
    template: str | None = None,
) -> PreTrainedTokenizerBase:
    """A token a letter, from 2 on in their order; merged: pairs of tokens that are one. closes: whether it
    puts the end-of-text token behind every text itself."""
    named = ["<begin>", "<end>", *LETTERS, *("".join(pair) for pair in merged)]
    vocabulary = {token: i for i, token in enumerate(named)}
    letters = Tokenizer(models.BPE(vocabulary, merges=[tuple(pair) for pair in merged]))
    if begins or closes:
        around = f"{'<begin> ' * begins}$A{' <end>' * closes}"
        letters.post_processor = processors.TemplateProcessing(
            single=around, special_tokens=[("<begin>", BEGIN), ("<end>", END)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=letters,
        bos_token="<begin>",
        eos_token="<end>" if ends else None,
        chat_template=template,
    )


def tokens(text: str) -> list[int]:
    return [2 + LETTERS.index(letter) for letter in text]
