"""A disk that refuses is one line, whichever library found out; other errors are none of its affair."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pyarrow as pa
import pytest
import torch
from optuna.storages import RDBStorage
from pyarrow import parquet
from safetensors.torch import save_file
from sqlalchemy import URL

from search.folder.unwritable import one_line_where_unwritable
from spaces.errors import InputError
from spaces.show.picture import new_figure, save_png


def database(path: Path) -> None:
    storage = RDBStorage(URL.create("sqlite", database=str(path)).render_as_string())
    try:
        optuna.create_study(storage=storage)
    finally:
        storage.engine.dispose()


def table(path: Path) -> None:
    parquet.write_table(pa.table({"a": range(1000)}), path)


def picture(path: Path) -> None:
    save_png(new_figure(1, 1), path)


def tensors(path: Path) -> None:
    save_file({"a": torch.zeros(1000)}, path)


def text(path: Path) -> None:
    path.write_text("a" * 100_000)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What is written beyond ``size`` bytes is refused by the system, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("write", [database, table, picture, tensors, text])
def test_a_disk_that_takes_no_more_is_one_line_whatever_writes(
    write: Callable[[Path], None], tmp_path
) -> None:
    said = r"the output folder /out cannot be written \(.*\); make room or choose another `output`"
    with (
        pytest.raises(InputError, match=said),
        files_of_at_most(100),
        one_line_where_unwritable(Path("/out")),
    ):
        write(tmp_path / "file")


def raised(error: BaseException, cause: BaseException | None = None) -> InputError:
    with pytest.raises(InputError) as caught, one_line_where_unwritable(Path("/out")):
        raise error from cause
    return caught.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG])
def test_a_disk_that_refuses_is_said_in_its_own_words(number):
    said = os.strerror(number)
    assert f"({said})" in str(raised(OSError(number, said)))
    assert f"({said}: /dev/shm/a)" in str(raised(OSError(number, said, "/dev/shm/a")))
    assert f"({said})" in str(raised(RuntimeError("could not send the task"), OSError(number, said)))
    assert f"({said})" in str(raised(RuntimeError(f"Error while serializing: I/O error (os error {number})")))


def test_a_file_within_the_folder_is_the_folder_s_affair_and_others_are_not():
    denied = PermissionError(errno.EACCES, "Permission denied", "/out/result.json")
    assert "(Permission denied)" in str(raised(denied))


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied", "/elsewhere"),
        PermissionError(errno.EACCES, "Permission denied", "/outer"),
        ConnectionError(errno.ECONNRESET, "reset"),
        sqlite3.OperationalError("no such table"),
        ValueError("28"),
        InputError("another line"),
        KeyboardInterrupt(),
    ],
)
def test_other_errors_pass(error):
    with pytest.raises(type(error)) as caught, one_line_where_unwritable(Path("/out")):
        raise error
    assert caught.value is error
