"""A small web server for one person's own machine, which says nothing of each request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from spaces.errors import InputError

__all__ = ["quiet_server"]


class _ThreadedServer(ThreadingMixIn, WSGIServer):
    """A page asks for several things at once; what is still being asked for holds up no end."""

    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a terminal full of requests hides the address."""


@contextmanager
def quiet_server(host: str, port: int) -> Iterator[WSGIServer]:
    """The server, bound and not yet serving, without an application; closed at the end.

    port: 0 for any that is free.

    Raises InputError where the port cannot be had.
    """
    try:
        server = _ThreadedServer((host, port), _QuietHandler)
    except OSError as error:
        raise InputError(
            f"`port={port}` cannot be had ({error.strerror}); give another `port`, or 0 for any that is free."
        ) from None
    with server:
        yield server
