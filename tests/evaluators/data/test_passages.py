from __future__ import annotations

import pytest

from evaluators.data.message import Message
from evaluators.data.passages import Passages

ASKED = (Message("system", "be brief"), Message("user", "1 + 1?"))
TALK = (*ASKED, Message("assistant", "2 "), Message("user", "thanks"))


def test_rows_belong_together_by_their_prompt():
    passages = Passages(("a", "", "a"), ("x", "y", "z"))
    assert passages.keys == ["a", "y", "a"]
    assert passages.take([2, 1]) == Passages(("a", ""), ("z", "y"))


def test_each_completion_has_its_prompt_of_the_same_kind():
    with pytest.raises(ValueError, match="2 prompts need as many completions, not 1"):
        Passages(("a", "b"), ("x",))
    with pytest.raises(ValueError, match="texts and messages do not mix"):
        Passages(("a",), (TALK,))
    with pytest.raises(ValueError, match="texts and messages do not mix"):
        Passages(("", ""), (TALK, "x"))


def test_a_conversation_asks_what_precedes_its_last_answer():
    passages = Passages(("",), (TALK,))
    assert passages.questions == [ASKED]
    assert passages.answers == ["2"]
    assert passages.keys == ["system: be brief\nuser: 1 + 1?"]


def test_a_prompt_asks_itself_and_a_plain_text_nothing():
    assert Passages(("a", ""), (" x", "y\n")).questions == ["a", ""]
    assert Passages(("a", ""), (" x", "y\n")).answers == ["x", "y"]
    assert Passages((ASKED,), (TALK[2:3],)).questions == [ASKED]


def test_rows_that_are_messages_are_spoken():
    assert Passages(("",), (TALK,)).spoken
    assert not Passages(("",), ("a",)).spoken


def test_their_form_is_told_in_words():
    assert Passages(("a", ""), ("x", "y")).form == "prompts with completions"
    assert Passages(("",), ("x",)).form == "plain texts"
    assert Passages(("",), (TALK,)).form == "conversations"
    assert Passages((ASKED,), (TALK[2:3],)).form == "prompts and completions of messages"


def test_a_completion_of_several_messages_asks_all_that_precedes_its_last_answer():
    later = (Message("assistant", "2"), Message("user", "2 + 2?"), Message("assistant", "4"))
    passages = Passages((ASKED, ASKED[:1]), (later, (Message("user", "3 + 3?"), Message("assistant", "6"))))
    assert passages.questions == [(*ASKED, *later[:2]), (ASKED[0], Message("user", "3 + 3?"))]
    assert passages.answers == ["4", "6"]
    assert passages.keys[1] == "system: be brief\nuser: 3 + 3?"
