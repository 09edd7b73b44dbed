from __future__ import annotations

import pytest

from evaluators.data.message import Message
from evaluators.data.passages import Passages
from evaluators.data.prompts import Prompts
from evaluators.data.prompts_of import prompts_of
from tests.evaluators.data.letters import BEGIN, TEMPLATE, tokenizer_of_letters, tokens

SEVERAL = Passages(("ab", "c", "ab", "ab"), (" x", " y", " z", " x"))


def asked(rows: Passages, known: Passages, limit: int = 20, **how: object) -> Prompts | None:
    return prompts_of(rows, known, tokenizer_of_letters(**how), limit=limit)


def test_each_prompt_stands_once_with_all_its_references():
    found = asked(SEVERAL, SEVERAL)
    assert found.texts == ("ab", "c")
    assert found.references == (("x", "z"), ("y",))
    assert [ids.tolist() for ids in found.input_ids] == [tokens("ab"), tokens("c")]


def test_references_of_rows_beyond_the_cap_are_kept():
    assert asked(SEVERAL.take([0]), SEVERAL).references == (("x", "z"),)


def test_a_prompt_begins_as_its_rows_begin_and_is_not_closed():
    found = asked(SEVERAL, SEVERAL, begins=True, closes=True)
    assert [ids.tolist() for ids in found.input_ids] == [[BEGIN, *tokens("ab")], [BEGIN, *tokens("c")]]


def test_a_token_across_the_border_leaves_the_prompt_whole():
    found = asked(Passages(("ab",), ("cd",)), Passages(("ab",), ("cd",)), merged=("bc",))
    assert found.input_ids[0].tolist() == tokens("ab")


def test_of_a_conversation_what_precedes_the_last_answer_is_asked_with_the_mark_that_one_is_due():
    talk = Passages(("",), ((Message("user", "b"), Message("assistant", "c")),))
    found = asked(talk, talk, template=TEMPLATE)
    assert found.input_ids[0].tolist() == tokens("u b.a ")
    assert (found.texts, found.references) == (("b",), (("c",),))


def test_plain_texts_ask_nothing():
    texts = Passages(("", ""), ("a", "b"))
    assert asked(texts, texts) is None


def test_a_prompt_that_leaves_no_room_for_an_answer_is_left_out_and_counted(caplog):
    assert asked(SEVERAL, SEVERAL, limit=2).texts == ("c",)
    assert "left out 1 of 2 prompts to answer: no room is left for an answer within 2 tokens" in caplog.text
    none = asked(SEVERAL, SEVERAL, limit=1)
    assert none is not None
    assert len(none) == 0


def test_a_last_answer_is_asked_for_with_all_that_precedes_it_in_prompt_and_completion():
    talk = (Message("assistant", "cd"), Message("user", "ef"), Message("assistant", "gh"))
    rows = Passages(((Message("user", "ab"),),), (talk,))
    found = asked(rows, rows, template=TEMPLATE, limit=99)
    assert found.input_ids[0].tolist() == tokens("u ab.a cd.u ef.a ")
    assert found.references == (("gh",),)


def test_prompts_of_one_system_message_with_other_questions_behind_it_are_two():
    system = (Message("system", "be"),)
    said = [(Message("user", user), Message("assistant", answer)) for user, answer in ("ef", "xz")]
    rows = Passages((system, system), tuple(said))
    found = asked(rows, rows, template=TEMPLATE, limit=99)
    assert found.references == (("f",), ("z",))
    assert len(set(rows.keys)) == 2


def test_a_blank_that_merges_with_the_answer_is_left_for_it_and_counted(caplog):
    rows = Passages(("abc ", "x"), ("de", " y"))
    found = asked(rows, rows, merged=((" ", "d"),))
    assert [ids.tolist() for ids in found.input_ids] == [tokens("abc"), tokens("x")]
    assert "the tokens of 1 of 2 prompts are not those that their rows begin with" in caplog.text
    caplog.clear()
    asked(rows, rows)
    assert not caplog.text


OPENED = TEMPLATE.replace(
    "{{ m.content }}", "{{ lead if loop.last and m.role == 'assistant' }}{{ m.content }}"
)


@pytest.mark.parametrize("lead", ["??", "?<begin>", "?? "])
def test_what_a_template_writes_in_front_of_an_answer_is_asked_and_not_to_be_answered(lead):
    template = "{% set lead = '" + lead + "' %}" + OPENED
    talk = (Message("user", "b"), Message("assistant", "d"), Message("user", "e"), Message("assistant", "c"))
    rows = Passages(("",), (talk,))
    found = asked(rows, rows, template=template, limit=99)
    written = tokenizer_of_letters()(f"u b.a d.u e.a {lead}")["input_ids"]
    assert found.input_ids[0].tolist() == written
    assert found.references == (("c",),)


def test_a_blank_in_front_of_an_answer_with_which_it_merges_is_left_for_it():
    talk = Passages(("",), ((Message("user", "b"), Message("assistant", "c")),))
    template = "{% set lead = '? ' %}" + OPENED
    found = asked(talk, talk, template=template, merged=((" ", "c"),))
    assert found.input_ids[0].tolist() == tokens("u b.a ?")
    found = asked(talk, talk, template=template.replace("? ", " "), merged=((" ", "c"),))
    assert found.input_ids[0].tolist() == tokens("u b.a ")


def test_an_answer_that_the_template_opens_otherwise_than_one_without_a_thought_has_its_own_opening():
    template = "{% set lead = '??' %}" + OPENED.replace("lead if", "'' if '.' in m.content else lead if")
    talk = Passages(("",), ((Message("user", "b"), Message("assistant", "?d.c")),))
    found = asked(talk, talk, template=template)
    assert found.input_ids[0].tolist() == tokens("u b.a ")
    assert found.references == (("?d.c",),)


def test_special_tokens_at_the_end_of_the_mark_that_an_answer_is_due_are_asked_though_rows_lack_them(caplog):
    talk = Passages(("",), ((Message("user", "b"), Message("assistant", "c")),))
    found = asked(talk, talk, template=TEMPLATE.replace("a {% endif %}", "a <begin>{% endif %}"))
    assert found.input_ids[0].tolist() == [*tokens("u b.a "), BEGIN]
    assert "the tokens of 1 of 1 prompt are not those" in caplog.text


def test_answers_to_messages_end_as_the_template_ends_them_and_to_texts_with_the_text():
    closed = TEMPLATE.replace("}}.{%", "}}.<begin>{%")
    talk = Passages(("",), ((Message("user", "b"), Message("assistant", "c")),))
    assert asked(talk, talk, template=closed).ends == (BEGIN,)
    assert asked(talk, talk, template=closed).take([0]).ends == (BEGIN,)
    assert asked(talk, talk, template=TEMPLATE).ends == ()
    assert asked(SEVERAL, SEVERAL, template=closed).ends is None
