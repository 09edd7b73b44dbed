"""What a Parquet table says, as a checksum: whatever bytes say it, in whatever order its rows lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import compute

__all__ = ["table_checksum"]


def table_checksum(table: pa.Table, documents: Mapping[str, str], *, order: Sequence[str]) -> str:
    """SHA-256 of the columns in their order and of the documents. order: columns that tell rows apart.

    >>> a, b = pa.table({"n": [1, 2]}), pa.table({"n": [2, 1]})
    >>> table_checksum(a, {}, order=["n"]) == table_checksum(b, {}, order=["n"])
    True
    """
    table = table.sort_by([(name, "ascending") for name in order])
    digest = hashlib.sha256()
    digest.update(json.dumps({key: documents[key] for key in sorted(documents)}).encode())
    for name in table.column_names:
        digest.update(f"\n{name} ".encode())
        for content in _canonical(table[name].combine_chunks()):
            digest.update(content)
    return digest.hexdigest()


def _canonical(array: pa.Array) -> Iterator[bytes]:
    """The values of an array, without what depends on how it is kept (what lies under a null, offsets)."""
    yield np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes()
    if pa.types.is_list(array.type):
        yield compute.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False).tobytes()
        yield from _canonical(compute.list_flatten(array))
    elif pa.types.is_string(array.type):
        yield json.dumps(array.to_pylist()).encode()
    else:
        yield array.fill_null(0).to_numpy(zero_copy_only=False).tobytes()
