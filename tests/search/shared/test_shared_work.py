"""Pieces of work that drivers share: each is one driver's at a time, also where one dies or a server does."""

from __future__ import annotations

import logging
import random
import threading
import time
from pathlib import Path

import pytest

from search.shared.heartbeat import GRACE
from search.shared.shared_work import SharedWork, agreed_before, shared_work
from search.storage.opened_storage import opened_storage
from spaces.errors import UsageError
from tests.search.storage.postgresql import MISSING, PostgresServer

HEARTBEAT = 1


def work_at(storage: str, owner: str, heartbeat: int = HEARTBEAT):
    return shared_work(storage, "s, work", owner, heartbeat)


def work_of(folder: Path, owner: str, heartbeat: int = HEARTBEAT):
    return work_at(f"sqlite:///{folder / 'work.db'}", owner, heartbeat)


def claimed(work: SharedWork, keys: list[str]) -> set[str]:
    return {key for key in keys if work.claim(key)}


def test_of_drivers_that_claim_the_same_at_the_same_time_one_has_it(tmp_path):
    keys = [f"trial {number}" for number in range(6)]
    won: dict[str, set[str]] = {}
    errors: list[BaseException] = []

    def drive(name: str) -> None:
        own = random.Random(name).sample(keys, len(keys))
        try:
            with work_of(tmp_path, name) as work:
                won[name] = claimed(work, own)
                for key in won[name]:
                    work.end(key)
        except BaseException as error:
            errors.append(error)

    drivers = [threading.Thread(target=drive, args=(name,)) for name in "abc"]
    for one in drivers:
        one.start()
    for one in drivers:
        one.join()
    assert errors == []
    assert sorted(key for own in won.values() for key in own) == keys
    with work_of(tmp_path, "d") as work:
        assert claimed(work, keys) == set()
        owners = {key: piece.owner for key, piece in work.board().items() if key in keys}
    assert {key: owner for owner, own in won.items() for key in own} == owners


def test_all_go_by_what_the_first_says(tmp_path):
    with work_of(tmp_path, "a") as first, work_of(tmp_path, "b") as second:
        assert first.agreed("slots", "4") == "4"
        assert second.agreed("slots", "8") == "4"


def test_what_was_agreed_on_can_be_looked_up_without_joining(tmp_path):
    address = f"sqlite:///{tmp_path / 'work.db'}"
    with opened_storage(address) as storage:
        assert agreed_before(storage, "s, work", "slots") is None
        assert storage.get_all_studies() == []
        with work_of(tmp_path, "a") as work:
            assert agreed_before(storage, "s, work", "slots") is None
            work.agreed("slots", "4")
            assert work.claim("trial 0")
        assert agreed_before(storage, "s, work", "slots") == "4"


def test_another_start_of_a_driver_has_its_pieces(tmp_path):
    with work_of(tmp_path, "a") as before, work_of(tmp_path, "a") as after, work_of(tmp_path, "b") as other:
        assert before.claim("trial 0")
        assert not other.claim("trial 0")
        assert after.claim("trial 0")


def test_what_is_let_go_of_is_anybodys_and_what_was_told_of_it_stays(tmp_path):
    with work_of(tmp_path, "b") as second:
        with work_of(tmp_path, "a") as first:
            assert first.claim("trial 0")
            assert first.tell("trial 0", "step 3", "0.5")
            assert not second.tell("trial 0", "step 3", "0.6")
        piece = second.board()["trial 0"]
        assert (piece.owner, piece.former, piece.told["step 3"]) == (None, ("a",), "0.5")
        assert second.claim("trial 0")
        assert second.tell("trial 0", "step 3", "0.7")
        assert second.board()["trial 0"].told["step 3"] == "0.5"  # the first counts


def test_whoever_is_silent_for_five_heartbeats_is_taken_for_dead(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with work_of(tmp_path, "b") as living:
        with work_of(tmp_path, "a") as silent:
            assert silent.claim("trial 0")
            silent.fall_silent()
            assert living.claim("trial 1")
            begun = time.monotonic()
            while not living.claim("trial 0"):
                living.board()
                living.wait()
                assert time.monotonic() < begun + 30
            assert time.monotonic() > begun + 4
            assert silent.holds("trial 0")  # as far as it knows
            assert not silent.tell("trial 0", "step 3", "0.5")
            assert not silent.holds("trial 0")
        assert living.board()["trial 1"].owner == "b"
        assert living.board()["trial 0"].owner == "b"
    assert caplog.messages == ["shared   the driver a is silent; others go on with what it had"]


def test_a_driver_that_is_alive_more_seldom_than_another_is_not_taken_for_dead_by_it(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with work_of(tmp_path, "a", 600) as slow, work_of(tmp_path, "b", HEARTBEAT) as fast:
        assert slow.claim("trial 0")
        time.sleep((GRACE + 1) * HEARTBEAT + 0.1)
        assert fast.board()["trial 0"].owner == "a"
        assert fast.heartbeat == 600
    assert caplog.messages == ["shared   drivers show every 600 s that they are alive, not 1"]


def test_drivers_that_were_all_stopped_for_longer_than_that_still_have_what_they_had(tmp_path):
    with work_of(tmp_path, "a") as one, work_of(tmp_path, "b") as two:
        assert one.claim("trial 0")
        assert two.claim("trial 1")
        for work in (one, two):
            work.fall_silent()
        time.sleep((GRACE + 1) * HEARTBEAT + 0.1)
        owners = {key: piece.owner for key, piece in one.board().items() if key.startswith("trial")}
        assert owners == {"trial 0": "a", "trial 1": "b"}
        assert two.tell("trial 1", "step 3", "0.5")


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_server_that_was_away_for_longer_than_that_has_killed_nobody():
    pytest.importorskip("psycopg", reason="psycopg is an extra")
    with PostgresServer.running() as server, work_at(server.url, "a") as one:
        assert one.claim("trial 0")
        server.stop()
        restarting = threading.Timer(GRACE * HEARTBEAT + 1.5, server.start)
        restarting.start()
        with work_at(server.url, "b") as two:
            restarting.join()
            assert two.board()["trial 0"].owner == "a"
            assert one.tell("trial 0", "step 3", "0.5")


def test_a_journal_is_no_place_to_meet(tmp_path):
    journal = str(tmp_path / "work.log")
    with (
        pytest.raises(UsageError, match="`join` needs a database"),
        shared_work(journal, "s, work", "a", HEARTBEAT),
    ):
        pass
