"""Whether the hub can be reached, without reaching for it."""

from __future__ import annotations

import ssl
import urllib.request
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from huggingface_hub import constants

from spaces.hub import hub_answers, hub_is_switched_off


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://no-such-host.invalid", "nonsense"])
def test_a_hub_that_is_not_there_does_not_answer(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    assert not hub_answers()


def test_a_hub_that_is_switched_off_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("the hub was asked"))
    assert hub_is_switched_off()
    assert not hub_answers()


def test_a_hub_that_says_anything_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(failure: Exception) -> bool:
        def urlopen(*_: Any, **__: Any) -> Any:
            raise failure

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        return hub_answers()

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert says(HTTPError("https://hub", 403, "no", Message(), None))
    assert says(URLError(ssl.SSLError("of an unknown authority")))
    assert not says(URLError(TimeoutError()))
    assert not says(TimeoutError())
