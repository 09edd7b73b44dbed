from __future__ import annotations

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


def test_a_prompt_that_leaves_no_room_for_an_answer_is_left_out():
    assert asked(SEVERAL, SEVERAL, limit=2).texts == ("c",)
    assert asked(SEVERAL, SEVERAL, limit=1) is None
