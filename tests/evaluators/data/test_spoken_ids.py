from __future__ import annotations

import pytest

from evaluators.data.message import Message
from evaluators.data.spoken_ids import (
    check_chat_template,
    check_generation_marks,
    spoken_ids,
    text_ids,
    turn_ends,
)
from spaces.errors import InputError, UsageError
from tests.evaluators.data.letters import BEGIN, END, MARKED, TEMPLATE, tokenizer_of_letters, tokens

TALK = (Message("user", "ab"), Message("assistant", "c"))


def test_a_text_has_the_special_tokens_that_a_template_does_not_write():
    tokenizer = tokenizer_of_letters(begins=True, template=TEMPLATE)
    assert [ids.tolist() for ids in text_ids(["ab"], tokenizer)] == [[BEGIN, *tokens("ab")]]
    assert spoken_ids(TALK, tokenizer).ids.tolist() == tokens("u ab.a c.")
    assert spoken_ids(TALK[:1], tokenizer, answering=True).ids.tolist() == tokens("u ab.a ")
    assert text_ids([], tokenizer) == []


def test_the_template_s_marks_say_what_the_assistant_says():
    found = spoken_ids(TALK, tokenizer_of_letters(template=MARKED), assistant=True)
    assert found.by_assistant.tolist() == [False] * 7 + [True] * 2


def test_a_template_that_raises_is_told_with_the_conversation():
    tokenizer = tokenizer_of_letters(template="{{ raise_exception('roles must alternate') }}")
    with pytest.raises(InputError, match=r"'user: ab.* \(TemplateError: roles must alternate\); mend the"):
        spoken_ids(TALK, tokenizer)


@pytest.mark.parametrize("mark", ["{% generation %}", "{%- generation -%}", "{%generation%}"])
def test_marks_are_found_however_they_are_spaced(mark):
    check_generation_marks(tokenizer_of_letters(template=mark + "{% endgeneration %}"))


def test_without_template_or_marks_it_says_so():
    with pytest.raises(InputError, match="no chat template"):
        check_chat_template(tokenizer_of_letters())
    with pytest.raises(UsageError, match="has no such marks"):
        check_generation_marks(tokenizer_of_letters(template=TEMPLATE))


def test_a_turn_ends_with_the_first_special_token_behind_the_answer_in_its_template():
    template = (
        "{% for m in messages %}<begin>{{ m.role[0] }} {{ m.content | trim }}. <begin> <end>{% endfor %}"
        "{% if add_generation_prompt %}<begin>a {% endif %}"
    )
    assert turn_ends(TALK[:1], tokenizer_of_letters(template=template)) == (BEGIN,)
    assert turn_ends(TALK[:1], tokenizer_of_letters(template=template.replace(" <begin> ", ""))) == (END,)


def test_blanks_and_unknown_tokens_end_no_turn():
    tokenizer = tokenizer_of_letters(template=TEMPLATE.replace("}}.{%", "}} .?{%"))
    tokenizer.add_tokens([" "])
    tokenizer.unk_token = "?"
    assert turn_ends(TALK[:1], tokenizer) == ()


def test_a_template_that_writes_no_answer_ends_no_turn():
    tokenizer = tokenizer_of_letters(template="{{ messages[0].content }}<begin>")
    assert turn_ends(TALK[:1], tokenizer) == ()
