"""A ``LoraConfig`` as Python."""

from __future__ import annotations

from pprint import pformat
from typing import Any

from peft import LoraConfig

from .chosen import chosen

__all__ = ["python_source"]

_WIDTH = 100


def python_source(config: LoraConfig) -> str:
    """A program of one statement that binds ``config`` to an equal ``LoraConfig``.

    >>> print(python_source(LoraConfig(r=4, target_modules=["h.0.q", "h.1.q"], rank_pattern={"^h.1.q": 2})))
    from peft import LoraConfig
    <BLANKLINE>
    config = LoraConfig(
        r=4,
        target_modules=['h.0.q', 'h.1.q'],
        lora_alpha=8,
        rank_pattern={'^h.1.q': 2},
    )
    <BLANKLINE>
    """
    arguments = "".join(f"    {name}={_indented(value)},\n" for name, value in chosen(config).items())
    return f"from peft import LoraConfig\n\nconfig = LoraConfig(\n{arguments})\n"


def _indented(value: Any) -> str:
    text = pformat(value, width=_WIDTH, sort_dicts=False)
    if "\n" not in text:
        return text
    opening, inside, closing = text[0], text[1:-1], text[-1]
    lines = "".join(f"        {line.strip()}\n" for line in f"{inside},".split("\n"))
    return f"{opening}\n{lines}    {closing}"
