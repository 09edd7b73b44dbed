from __future__ import annotations

from evaluators.data.alpaca import alpaca_prompt

BELOW = "Below is an instruction that describes a task"


def test_an_instruction_is_asked_in_the_words_of_the_data_set():
    assert alpaca_prompt("Go on.") == (
        f"{BELOW}. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\nGo on.\n\n### Response:\n"
    )
    assert alpaca_prompt("Add {them}.", "1, {2}") == (
        f"{BELOW}, paired with an input that provides further context. Write a response that appropriately "
        "completes the request.\n\n### Instruction:\nAdd {them}.\n\n### Input:\n1, {2}\n\n### Response:\n"
    )
