"""A small web server for one person's own machine, which says nothing of each request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from spaces.errors import InputError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = ["quiet_server"]


class _ThreadedServer(ThreadingMixIn, WSGIServer):
    """A page asks for several things at once; what is still being asked for holds up no end."""

    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a terminal full of requests hides the address."""


@contextmanager
def quiet_server(host: str, port: int, app: WSGIApplication) -> Iterator[WSGIServer]:
    """The server, bound and not yet serving; closed at the end. port: 0 for any that is free.

    Raises InputError where the port cannot be had.
    """
    try:
        server = make_server(host, port, app, _ThreadedServer, _QuietHandler)
    except OSError as error:
        raise InputError(
            f"`port={port}` cannot be had ({error.strerror}); give another `port`, or 0 for any that is free."
        ) from None
    with server:
        yield server
