"""``python -m search.study``: which cheap scores rank allocations as fine-tuning does, with statistics."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .command import run_command
from .study_options import STUDY, StudyOptions

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when done, 1 on failure, 2 on wrong usage, 130 or 143 when it was stopped."""
    return run_command(
        argv,
        _run,
        StudyOptions,
        prog="python -m search.study",
        description=__doc__,
        example="python -m search.study --space lora+shortcut --budget 2.3M --allocations 64 --seeds 3",
        arguments=STUDY,
    )


def _run(options: StudyOptions) -> tuple[dict[str, object], str]:
    from search.study.pipeline import run_study

    return run_study(options)


if __name__ == "__main__":
    sys.exit(main())
