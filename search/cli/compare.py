"""``python -m search.compare``: every method under one trainer and one budget, as a leaderboard."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .command import run_command
from .compare_options import COMPARE, CompareOptions

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when done, 1 on failure, 2 on wrong usage, 130 or 143 when it was stopped."""
    return run_command(
        argv,
        _run,
        CompareOptions,
        prog="python -m search.compare",
        description=__doc__,
        example="python -m search.compare --methods all --budget 2.3M --seeds 5",
        arguments=COMPARE,
    )


def _run(options: CompareOptions) -> tuple[dict[str, object], str]:
    if options.preset:
        from search.compare.preset_run import run_preset

        return run_preset(options)
    from search.compare.pipeline import run_compare

    return run_compare(options)


if __name__ == "__main__":
    sys.exit(main())
