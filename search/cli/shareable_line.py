"""A command line that may be shown to others: what decides the result, without a machine's paths."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from search.job.option import Option, options_of
from spaces.printable import printable

from .flags import flag_of
from .shell_words import shell_words
from .typed import Typed

__all__ = ["shareable_line"]


def shareable_line(prog: str, settings: Iterable[type], given: Typed) -> str:
    """The command with all that was typed, in the order of its help; of a file or a folder the last name, and
    nothing of where results went and on which devices.

    prog: how it is started. settings: the command's.
    """
    words = [prog]
    for own in settings:
        for one, about in options_of(own):
            if one.name in given.names and not about.place_only:
                words += _written(flag_of(one, about), given.values[one.name], about)
    return f"{prog} {shell_words(words[1:])}" if words[1:] else prog


def _written(flag: str, value: Any, about: Option) -> list[str]:
    if isinstance(value, bool):
        return [flag if value else flag.replace("--", "--no-", 1)]
    if isinstance(value, tuple):
        return [flag, printable(",".join(map(str, value)))]
    if isinstance(value, Path) or (about.file and Path(value).is_dir()):
        return [flag, printable(Path(value).resolve().name)]
    return [flag, printable(str(value))]
