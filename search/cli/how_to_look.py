"""The last lines of a command that keeps studies: how they are looked at."""

from __future__ import annotations

from pathlib import Path

from search.show.aligned_text import wrapped

from .shell_words import shell_words

__all__ = ["how_to_look"]


def how_to_look(folder: Path, study: str | None) -> str:
    """Lines that say how the dashboard shows the studies of a run; what is to be typed is never broken.

    folder: where the run has written. study: how the names of its studies begin in a storage elsewhere; None:
    they are in the folder.

    >>> how_to_look(Path("runs/demo"), None)
    'to look at it: rankscape dashboard runs/demo'
    """
    line = f"rankscape dashboard {shell_words([str(folder)])}"
    if study is None:
        return f"to look at it: {line}"
    told = wrapped(f"its studies, in `storage`, are called {study!r} and so on; to look at them:")
    return "\n".join((*told, f"  {line} --storage URL"))
