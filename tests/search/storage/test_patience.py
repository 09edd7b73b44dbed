"""A database that is away is waited for, with a line that says so, and given up with one that says that."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from optuna.exceptions import StorageInternalError

from search.storage.patience import OvertakenError, StorageAwayError, patiently


def away_for(calls: int) -> Callable[[], str]:
    """Answers after so many calls in vain."""
    left = iter(range(calls))

    def call() -> str:
        if next(left, None) is not None:
            raise StorageInternalError("connection refused")
        return "here"

    return call


def test_what_comes_back_soon_is_not_worth_a_line(caplog):
    caplog.set_level(logging.INFO)
    assert patiently(away_for(2)) == "here"
    assert caplog.messages == []


def test_what_stays_away_a_while_is_waited_for_and_that_is_said_once(caplog):
    caplog.set_level(logging.INFO)
    assert patiently(away_for(8)) == "here"
    first, last = caplog.messages
    assert first == "storage  does not answer; waiting up to 60 seconds"
    assert last.startswith("storage  answers again, after ")


def test_what_stays_away_is_given_up_with_one_line():
    with pytest.raises(
        StorageAwayError, match=r"^`storage` has not answered for \d seconds?; .* which goes on"
    ):
        patiently(away_for(1000), within_s=0.8)


def test_what_is_never_as_it_was_left_is_not_blamed_on_a_server():
    def changed() -> None:
        raise OvertakenError("trial 4 was to be the next of a study that has 0 by now")

    with pytest.raises(
        StorageAwayError, match=r"not as this program left it \(trial 4 .* nobody has removed"
    ):
        patiently(changed, within_s=0.8)


def test_other_errors_and_those_that_nothing_mends_are_raised_at_once():
    with pytest.raises(StorageInternalError):
        patiently(away_for(1), unless=lambda _: True)
    with pytest.raises(ZeroDivisionError):
        patiently(lambda: 1 / 0)
