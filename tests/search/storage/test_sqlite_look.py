"""How a file of studies is looked at without a change to it."""

import pytest

from search.storage.opened_storage import opened_storage
from search.storage.sqlite_look import is_damaged


@pytest.mark.parametrize(
    ("damage", "damaged"),
    [
        (lambda whole: whole, False),
        (lambda whole: b"", True),
        (lambda whole: b"no database" * 500, True),
        (lambda whole: whole[: len(whole) // 2], True),
        (lambda whole: whole[:-4096] + bytes(4096), True),
    ],
)
def test_what_sqlite_does_not_read_in_order_is_damaged_and_stays_as_it_is(tmp_path, damage, damaged):
    path = tmp_path / "study.db"
    with opened_storage(path):
        pass
    content = damage(path.read_bytes())
    path.write_bytes(content)
    assert is_damaged(path) == damaged
    assert path.read_bytes() == content
