"""A command line that a shell reads back as it was."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

__all__ = ["shell_words"]


def shell_words(words: Sequence[str]) -> str:
    """The words as a line that a shell reads back: as ``shlex.join``, in $'...' where one is unprintable."""
    return " ".join(shlex.quote(word) if word.isprintable() else _dollar_quoted(word) for word in words)


def _dollar_quoted(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{''.join(one if one.isprintable() else _in_octal(one) for one in plain)}'"


def _in_octal(character: str) -> str:
    """The bytes of a character, also of one that stands for a byte that is no text, as bash and zsh read."""
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))
