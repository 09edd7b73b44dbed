"""Text that crosses to a terminal or a shell: nothing in it acts there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

__all__ = ["printable", "shell_words"]


def printable(text: str) -> str:
    """The text with what a terminal would act on (ESC and the like) written out; line breaks stay."""
    return "".join(one if one.isprintable() or one in "\n\t" else _written_out(one) for one in text)


def shell_words(words: Sequence[str]) -> str:
    """The words as a line that a shell reads back: as ``shlex.join``, in $'...' where one is unprintable."""
    return " ".join(shlex.quote(word) if word.isprintable() else _dollar_quoted(word) for word in words)


def _dollar_quoted(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{''.join(one if one.isprintable() else _in_octal(one) for one in plain)}'"


def _in_octal(character: str) -> str:
    """The bytes of a character, also of one that stands for a byte that is no text, as bash and zsh read."""
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode()
