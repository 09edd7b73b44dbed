"""``rankscape run``: search a space under a budget, fine-tune the finalists, save the winner."""

from __future__ import annotations

import sys
from typing import Final

from search.run.settings import SearchSettings
from search.run.table import format_table
from spaces.errors import UsageError

from .command import Command, Printed
from .job_options import JOB
from .run_search import run_search
from .typed import Typed

__all__ = ["RUN", "main"]

_HEEDED_BY_A_TABLE: Final = frozenset(
    {
        "table",
        "evaluator",
        "budget",
        "ranks",
        "scaling",
        "lr",
        "proxy",
        "allocator",
        "sampler",
        "trials",
        "finalists",
    }
    | {"seeds", "seed", "output", "json", "quiet"}
    | {"device", "devices", "jobs", "threads"}  # of a machine that has nothing to do: harmless
)


def _run(given: Typed) -> Printed:
    if "table" in given.names:
        _check_only_a_table(given)
    record = run_search(given)
    return Printed(record.to_json(), format_table(record))


def _check_only_a_table(given: Typed) -> None:
    """Raises UsageError where something was typed that a table leaves without effect."""
    if unheeded := sorted(f"`{name}`" for name in given.names - _HEEDED_BY_A_TABLE):
        raise UsageError(
            f"`table` comes with a space, a model and training of its own, so {', '.join(unheeded)} would "
            f"change nothing; leave {'it' if len(unheeded) == 1 else 'them'} out."
        )


RUN: Final = Command(
    name="run",
    module="search.run",
    summary="Searches a space under a budget, fine-tunes the finalists, and saves the winner.",
    example="--space lora+shortcut --budget 2.3M",
    settings=(SearchSettings, *JOB),
    run=_run,
)
main = RUN.main


if __name__ == "__main__":
    sys.exit(main())
