"""Instructions as Alpaca asks them (Taori et al. 2023, Stanford Alpaca)."""

from __future__ import annotations

from typing import Final

__all__ = ["alpaca_prompt"]

_WITH_INPUT: Final = """\
Below is an instruction that describes a task, paired with an input that provides further context. \
Write a response that appropriately completes the request.

### Instruction:
{instruction}

### Input:
{input}

### Response:
"""
_WITHOUT: Final = """\
Below is an instruction that describes a task. Write a response that appropriately completes the request.

### Instruction:
{instruction}

### Response:
"""


def alpaca_prompt(instruction: str, input: str = "") -> str:
    """What a model is asked, up to and with the line on which it answers.

    As in the data set's own column ``text``; the authors' program has no line break behind ``Response:``.

    >>> print(alpaca_prompt("Add them.", "1, 2").partition("\\n\\n")[2])
    ### Instruction:
    Add them.
    <BLANKLINE>
    ### Input:
    1, 2
    <BLANKLINE>
    ### Response:
    <BLANKLINE>
    """
    if not input:
        return _WITHOUT.format(instruction=instruction)
    return _WITH_INPUT.format(instruction=instruction, input=input)
