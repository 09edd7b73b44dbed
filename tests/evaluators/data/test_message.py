from __future__ import annotations

import pytest

from evaluators.data.message import ROLES, Message, last_answer, read_aloud


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_chat_templates_may_speak(role):
    assert Message(role, "a").role == role


def test_another_role_may_not():
    with pytest.raises(ValueError, match="role='human' is unknown; use one of assistant, developer, system"):
        Message("human", "a")


def test_the_last_answer_is_the_assistant_s_last_message():
    talk = (Message("assistant", "a"), Message("user", "b"), Message("assistant", "c"), Message("user", "d"))
    assert last_answer(talk) == 2
    with pytest.raises(ValueError, match="no answer"):
        last_answer(talk[1:2])


def test_a_lone_message_is_read_without_its_speaker():
    assert read_aloud((Message("user", "b"),)) == "b"
    assert read_aloud("b") == "b"
    assert read_aloud((Message("user", "b"), Message("assistant", "c"))) == "user: b\nassistant: c"
