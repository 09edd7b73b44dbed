"""The console command ``rankscape``: every command by its name."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from search.show.aligned_text import aligned
from spaces.errors import UsageError
from spaces.printable import quoted, show

from .allocate import ALLOCATE
from .command import Command, complain
from .compare import COMPARE
from .dashboard import DASHBOARD
from .describe import DESCRIBE
from .export import EXPORT
from .flags import Flags
from .run import RUN
from .study import STUDY

__all__ = ["COMMANDS", "main"]

_NAME: Final = "rankscape"
COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "run": RUN,
        "study": STUDY,
        "compare": COMPARE,
        "describe": DESCRIBE,
        "allocate": ALLOCATE,
        "export": EXPORT,
        "dashboard": DASHBOARD,
    }
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that comes first; its exit code, or 2 where there is none of that name."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] in (["--help"], ["-h"]):
        show(_help())
        return 0
    if words[:1] == ["--version"]:
        show(f"{_NAME} {version(_NAME)}")
        return 0
    if not words or words[0] not in COMMANDS:
        return complain(_unknown(words), Flags({}))
    return COMMANDS[words[0]].main(words[1:], prog=f"{_NAME} {words[0]}")


def _help() -> str:
    rows = [(f"  {name}", command.summary) for name, command in COMMANDS.items()]
    return "\n".join(
        [
            f"usage: {_NAME} COMMAND [options]",
            "",
            "Searches where a fine-tuning budget should go: which low-rank adapters a",
            "pretrained transformer gets, and at which ranks.",
            "",
            *aligned(rows, words=(0, 1)),
            "",
            f"{_NAME} COMMAND --help says what a command can be told,",
            f"{_NAME} --version which version this is.",
        ]
    )


def _unknown(words: Sequence[str]) -> UsageError:
    known = ", ".join(COMMANDS)
    if not words:
        return UsageError(f"which command? Choose from {known}, or see {_NAME} --help.")
    if words[0].startswith("-"):
        return UsageError(f"options come behind a command, as in {_NAME} run --seeds 5; there are {known}.")
    near = get_close_matches(words[0], COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {known}."
    return UsageError(f"{quoted(words[0])} is no command; {hint}")


if __name__ == "__main__":
    sys.exit(main())
