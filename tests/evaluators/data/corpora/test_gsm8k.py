from __future__ import annotations

import pytest

from evaluators.data.corpora.gsm8k import gsm8k_pairs
from evaluators.data.corpora.registry import CORPORA
from tests.shared_text import shared_text


def test_a_question_is_asked_as_lm_evaluation_harness_asks_it() -> None:
    entry = {"question": " How many? ", "answer": "2+2=<<2+2=4>>4\n#### 4"}
    assert list(gsm8k_pairs(entry)) == [("Question: How many?\nAnswer:", " 2+2=<<2+2=4>>4\n#### 4")]


@pytest.mark.parametrize(("file", "count"), [("train", 7473), ("test", 1319)])
def test_the_release_has_so_many_questions_with_one_answer_each(file: str, count: int) -> None:
    """As its paper counts them (arXiv:2110.14168): 7.5K and 1K problems."""
    passages = CORPORA["gsm8k"].passages("gsm8k", shared_text(f"gsm8k/{file}.jsonl"))
    assert len(passages) == len(set(passages.prompts)) == count
    assert all("\n#### " in completion for completion in passages.completions)
