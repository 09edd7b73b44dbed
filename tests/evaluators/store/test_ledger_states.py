"""States where candidates paused: kept until they go on, and gone afterwards, whoever wrote them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from evaluators.store.ledger import Ledger
from evaluators.training.leg import Leg
from tests.evaluators.store.test_ledger import CANDIDATE, LEG, PAUSED, paused


def test_earlier_states_are_forgotten_and_what_was_found_there_is_not(tmp_path):
    ledger, other = Ledger(tmp_path, "context"), Leg(dataclasses.replace(CANDIDATE, seed=4), until=2)
    legs = [Leg(CANDIDATE, until=step) for step in (1, 2, 3)]
    for leg in (*legs, other):
        ledger.record(leg, paused(leg))
    ledger.forget_before(legs[1:2])
    assert [ledger.find(leg).state is None for leg in (*legs, other)] == [True, False, False, False]
    ledger.forget_before([LEG])
    assert [ledger.find(leg).state is None for leg in (*legs, other)] == [True, True, True, False]
    assert ledger.find(legs[1]).evaluation == paused(legs[1]).evaluation
    ledger.forget_state(other.candidate)
    assert not list(tmp_path.glob("*.state.*"))


class Listed(type(Path())):
    """A path that counts how often it is listed."""

    times = 0

    def glob(self, pattern):
        Listed.times += 1
        return super().glob(pattern)


def test_a_folder_of_thousands_of_files_is_listed_once(tmp_path):
    ledger, before = Ledger(Listed(tmp_path), "context"), Listed.times
    for seed in range(5):
        own = dataclasses.replace(PAUSED, candidate=dataclasses.replace(CANDIDATE, seed=seed))
        ledger.record(own, paused(own))
        ledger.forget_before([own])
        ledger.forget_state(own.candidate)
    assert Listed.times == before + 1
    assert not list(tmp_path.glob("*.state.*"))


@pytest.mark.parametrize(
    "name",
    [
        *("mine", "a.b.c", "a.x", "a.1", "{own}", "{own}.x", "{own}.02", "{own}.-2", "{own}.2.3", "{own}.2 "),
        *("x{own}.2", "{own}.2\n", "{own}.²", "{own}."),
    ],
)
def test_files_that_are_named_otherwise_are_somebody_s_and_stay(tmp_path, name):
    ledger = Ledger(tmp_path, "context")
    ledger.record(PAUSED, paused())
    (own,) = tmp_path.glob("*.state.safetensors")
    stray = tmp_path / f"{name.format(own=own.name.partition('.')[0])}.state.safetensors"
    stray.write_text("mine")
    Ledger(tmp_path, "context").forget_state(CANDIDATE)
    assert list(tmp_path.glob("*.state.*")) == [stray]


def test_states_that_another_process_left_are_forgotten_and_so_are_those_that_come_later(tmp_path):
    earlier, later = (dataclasses.replace(PAUSED, until=step) for step in (2, 3))
    Ledger(tmp_path, "context").record(earlier, paused(earlier))
    Ledger(tmp_path, "another").record(earlier, paused(earlier))
    ledger = Ledger(tmp_path, "context")
    ledger.forget_state(CANDIDATE)
    assert len(list(tmp_path.glob("*.state.*"))) == 1  # of the other context
    ledger.record(later, paused(later))
    ledger.forget_before([later])
    assert ledger.find(later).state is not None
    ledger.forget_state(CANDIDATE)
    ledger.forget_state(CANDIDATE)
    assert ledger.find(later).state is None
    assert Ledger(tmp_path, "another").find(earlier).state is not None
