"""``python -m search.run``: search a space under a budget, fine-tune the finalists, save the winner."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .command import run_command
from .run_options import SEARCH, SearchOptions

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when done, 1 on failure, 2 on wrong usage, 130 or 143 when it was stopped."""
    return run_command(
        argv,
        _run,
        SearchOptions,
        prog="python -m search.run",
        description=__doc__,
        example="python -m search.run --space lora+shortcut --budget 2.3M",
        arguments=SEARCH,
    )


def _run(options: SearchOptions) -> tuple[dict[str, object], str]:
    from search.run.table import format_table

    from .run_search import run_search

    result = run_search(options)
    return result, format_table(result)


if __name__ == "__main__":
    sys.exit(main())
