"""Studies on a PostgreSQL server are those of a file, also when the server restarts in between."""

from __future__ import annotations

import threading
import time

import pytest

from search.mirror.study_mirror import begin_study
from search.storage.bulk_writer import BulkWriter
from search.storage.opened_storage import checked_storage, opened_storage
from tests.search.mirror.test_study_mirror import STORY, STUDY, seen, told
from tests.search.storage.postgresql import MISSING, PostgresServer

pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
pytest.importorskip("psycopg", reason="psycopg is an extra")


@pytest.fixture
def server():
    with PostgresServer.running() as server:
        yield server


def test_a_study_on_a_server_is_that_of_a_file_also_where_the_server_restarts(server, tmp_path, read):
    assert checked_storage(server.url) == server.url
    told(tmp_path / "study.db", STORY)
    with opened_storage(server.url) as storage:
        mirror = begin_study(storage, STUDY)
        assert isinstance(mirror.writer, BulkWriter)
        for trials in STORY[:2]:
            mirror.show(trials)
        server.stop()

        def later():
            time.sleep(1.5)
            server.start()

        restarting = threading.Thread(target=later)
        restarting.start()
        mirror.describe(note="It goes on.", attributes={"told": 1})
        restarting.join()
        server.stop()
        restarting = threading.Thread(target=later)
        restarting.start()
        for trials in STORY[2:]:
            mirror.show(trials)
        restarting.join()
    assert read(server.url, STUDY.name).user_attrs == {**STUDY.attributes, "told": 1}
    told(server.url, STORY)
    assert seen(read(server.url, STUDY.name)) == seen(read(tmp_path / "study.db", STUDY.name))
