"""C code is not heard on stdout inside, and nothing is lost before or after."""

import ctypes
import os
import sys

import pytest

from search.allocation.silent_stdout import silent_stdout

pytestmark = pytest.mark.skipif(os.name != "posix", reason="calls the C library's puts by its POSIX name")


def test_only_what_c_prints_inside_is_dropped(capfd):
    c_library = ctypes.CDLL(None)
    c_library.puts(b"before")
    with silent_stdout():
        c_library.puts(b"inside")
    c_library.puts(b"after")
    c_library.fflush(None)
    assert capfd.readouterr().out.split() == ["before", "after"]


def test_stdout_comes_back_after_an_error(capfd):
    with pytest.raises(RuntimeError), silent_stdout():
        raise RuntimeError
    print("heard", flush=True)
    assert capfd.readouterr().out == "heard\n"


def test_a_process_without_stdout_is_left_alone(monkeypatch):
    def closed(descriptor):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with silent_stdout():
        pass
    assert not sys.stdout.closed
