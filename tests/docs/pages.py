"""What stands in the pages: their blocks of code, and the lines of a shell among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parent.parent.parent / "docs"
PAGES: Final = sorted(path.name for path in DOCS.glob("*.md"))
_FENCED: Final = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """language: as the page names it, ``sh``, ``python``, ``text`` or a directive in braces."""

    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Lines of a shell, each whole; a script is one."""
        if self.text.startswith("#!"):
            return [self.text]
        return self.text.replace("\\\n", " ").strip().splitlines()


def blocks_of(page: str) -> list[Block]:
    """In order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(*found) for found in _FENCED.findall(text)]


def steps_of(page: str) -> Iterator[tuple[str, str]]:
    """What a reader would do, in order: (``sh`` or ``python``, the command or the block)."""
    for block in blocks_of(page):
        if block.language == "sh":
            yield from (("sh", command) for command in block.commands)
        elif block.language == "python":
            yield "python", block.text
