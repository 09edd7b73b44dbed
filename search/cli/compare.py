"""``rankscape compare``: every method under one trainer and one budget, as a leaderboard."""

from __future__ import annotations

from typing import Final

from search.compare.settings import CompareSettings

from .command import Command, Printed
from .compare_options import CompareOptions
from .options import JOB, options_of
from .typed import Typed

__all__ = ["COMPARE", "main"]


def _run(given: Typed) -> Printed:
    options = options_of(CompareOptions, given, CompareSettings)
    if options.preset:
        from search.compare.preset_run import run_preset

        return Printed(*run_preset(options))
    from search.compare.pipeline import run_compare

    return Printed(*run_compare(options))


COMPARE: Final = Command(
    name="compare",
    module="search.compare",
    summary="Trains every method under one trainer and one budget, and prints the leaderboard.",
    example="--methods all --budget 2.3M --seeds 5",
    settings=(CompareSettings, *JOB),
    run=_run,
)
main = COMPARE.main
