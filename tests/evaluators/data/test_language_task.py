from __future__ import annotations

import logging

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from evaluators.data.language_task import build_language_task, build_language_training_task
from evaluators.data.passages import Passages
from evaluators.data.rows import Rows
from evaluators.objectives.causal_lm import CausalLM
from spaces.errors import InputError, UsageError


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    """Splits at white space; the word ``w17`` is token 2 + 17."""
    vocabulary = {word: i for i, word in enumerate(["<end>", "?", *(f"w{n}" for n in range(1000))])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?", eos_token="<end>")


def passages(numbers: list[int]) -> Passages:
    """Row n answers the prompt ``w<n // 2>`` with ``w<n>``, so that two rows share each prompt."""
    return Passages(tuple(f"w{n // 2}" for n in numbers), tuple(f" w{n}" for n in numbers))


def answers(rows: Rows) -> list[int]:
    return [int(ids[1]) - 2 for ids in rows.input_ids]


def test_a_tenth_of_the_training_rows_is_to_choose_by_and_one_prompt_stays_on_one_side(tokenizer):
    task = build_language_task(
        "t", CausalLM(), passages([*range(800)]), passages([*range(800, 900)]), tokenizer
    )
    train, validation, test = (answers(rows) for rows in (task.train, task.validation, task.test))
    assert sorted(train + validation) == [*range(800)]
    assert sorted(test) == [*range(800, 900)]
    assert 50 < len(validation) < 110
    assert not {n // 2 for n in train} & {n // 2 for n in validation}
    assert task.objective == CausalLM()


def test_the_order_of_the_file_changes_nothing_and_caps_keep_a_prefix(tokenizer):
    numbers, test = [*range(200)], passages([900, 901])
    one = build_language_task("t", CausalLM(), passages(numbers), test, tokenizer)
    other = build_language_task("t", CausalLM(), passages(numbers[::-1]), test, tokenizer, train_rows=20)
    assert answers(other.train) == answers(one.train)[:20]
    assert answers(other.validation) == answers(one.validation)


def test_rows_that_are_learned_and_reported_on_are_noted(tokenizer, caplog):
    with caplog.at_level(logging.WARNING):
        task = build_language_task("t", CausalLM(), passages([*range(40)]), passages([3, 4, 50]), tokenizer)
    assert task.notes == (
        "2 texts of the evaluation rows are also among the training rows",
        "2 of 3 questions to report on are among those learned from",
    )
    assert all(note in caplog.text for note in task.notes)


def test_questions_that_are_learned_and_reported_on_are_noted_whatever_is_answered(tokenizer):
    said = Passages(("w1", "w1", "w700"), (" w800", " w801", " w802"))
    task = build_language_task("t", CausalLM(), passages([*range(40)]), said, tokenizer)
    assert task.notes == ("1 of 2 questions to report on is among those learned from",)
    texts = Passages(("",), ("w9",))
    plain = Passages(("",) * 40, tuple(f"w{n} w{n}" for n in range(40)))
    assert build_language_task("t", CausalLM(), plain, texts, tokenizer).notes == ()


def test_labels_are_tokens_with_nothing_learned_of_the_prompt(tokenizer):
    task = build_language_task("t", CausalLM(), passages([*range(40)]), passages([50]), tokenizer)
    np.testing.assert_array_equal(task.test.input_ids[0], [27, 52, 0])
    np.testing.assert_array_equal(task.test.labels[0], [-100, 52, 0])


def test_a_number_that_cannot_mean_anything_is_refused(tokenizer):
    with pytest.raises(UsageError, match="train_rows=0"):
        build_language_task("t", CausalLM(), passages([*range(40)]), passages([50]), tokenizer, train_rows=0)


def test_a_task_without_rows_to_judge_by_has_the_first_of_those_to_train_on(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    train = passages([*range(100)])
    whole = build_language_task("t", CausalLM(), train, passages([200]), tokenizer)
    alone = build_language_training_task("t", CausalLM(), train, tokenizer, max_length=128, rows=7)
    assert [ids.tolist() for ids in alone.train.input_ids] == [
        ids.tolist() for ids in whole.train.input_ids[:7]
    ]
    assert (len(alone.validation), len(alone.test)) == (0, 0)


def test_the_prompts_of_the_test_part_have_all_their_references_whatever_the_cap(tokenizer):
    rows = passages([*range(300, 320)])
    capped = build_language_task("t", CausalLM(), passages([*range(40)]), rows, tokenizer, eval_rows=3)
    whole = build_language_task("t", CausalLM(), passages([*range(40)]), rows, tokenizer)
    assert (len(capped.test), len(capped.prompts), len(whole.prompts)) == (3, 2, 10)
    assert capped.prompts.texts == whole.prompts.texts[:2]
    first = int(capped.prompts.texts[0][1:])
    assert set(capped.prompts.references[0]) == {f"w{2 * first}", f"w{2 * first + 1}"}
    np.testing.assert_array_equal(capped.prompts.input_ids[0], [2 + first])


def test_rows_of_two_formats_are_refused(tokenizer):
    with pytest.raises(InputError, match="rows are prompts with completions and evaluation rows plain texts"):
        build_language_task("t", CausalLM(), passages([*range(40)]), Passages(("",), ("w1",)), tokenizer)
