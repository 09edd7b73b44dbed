"""Values decide a checksum; how they are kept does not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from evaluators.store.table_checksum import table_checksum

TABLE = pa.table({"n": [1, 2, 3], "words": [["a"], [], ["b", "c"]], "x": [0.5, None, 1.0]})
DOCUMENTS = {"what": "a table"}


def checksum(table: pa.Table, documents=DOCUMENTS) -> str:
    return table_checksum(table, documents, order=["n"])


def test_neither_the_order_of_rows_nor_their_chunks_count():
    moved = pa.concat_tables([TABLE.slice(2), TABLE.slice(0, 2)])
    assert checksum(moved) == checksum(TABLE)


@pytest.mark.parametrize(
    ("column", "values"),
    [("n", [1, 2, 4]), ("words", [["a"], ["b"], ["c"]]), ("x", [0.5, 0.0, 1.0])],
)
def test_a_value_that_differs_does(column, values):
    place = TABLE.column_names.index(column)
    assert checksum(TABLE.set_column(place, column, [values])) != checksum(TABLE)


def test_a_document_that_differs_does():
    assert checksum(TABLE, {"what": "another"}) != checksum(TABLE)
