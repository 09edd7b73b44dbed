"""The last line of a command that keeps studies: how they are looked at."""

from __future__ import annotations

from pathlib import Path

from .shell_words import shell_words

__all__ = ["how_to_look"]


def how_to_look(folder: Path, study: str | None) -> str:
    """The line that shows the studies of a run in the dashboard.

    folder: where the run has written. study: how the names of its studies begin in a storage elsewhere; None:
    they are in the folder.

    >>> how_to_look(Path("runs/demo"), None)
    'to look at it: rankscape dashboard runs/demo'
    """
    line = f"rankscape dashboard {shell_words([str(folder)])}"
    if study is None:
        return f"to look at it: {line}"
    return f"its studies, in `storage`, are called {study!r} and so on; to look at them: {line} --storage URL"
