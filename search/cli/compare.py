"""``rankscape compare``: every method under one trainer and one budget, as a leaderboard."""

from __future__ import annotations

import sys
from typing import Final

from search.compare.settings import CompareSettings
from search.storage.settings import StorageSettings
from spaces.errors import UsageError

from .command import Command, Printed
from .job_options import JOB
from .one_or_several import check_one_or_several
from .typed import Typed

__all__ = ["COMPARE", "main"]

_OF_STUDIES: Final = frozenset({"storage", "study_name"})


def _run(given: Typed) -> Printed:
    check_one_or_several(given)
    preset = given.of(CompareSettings).preset
    if preset is None:
        from .run_compare import run_compare

        return run_compare(given)
    if unheeded := sorted(f"`{one}`" for one in given.names & _OF_STUDIES):
        raise UsageError(f"`preset` keeps no study, so {' and '.join(unheeded)} would change nothing.")
    from .run_preset import listed, run_preset

    return listed() if preset == "list" else run_preset(preset, given)


def _text_of_presets(given: Typed) -> Typed:
    """A preset says whether text is generated; until it is read, settings of text may be for it."""
    if given.values.get("preset") is None or "generate" in given.names:
        return given
    return given.filled(generate=True)


COMPARE: Final = Command(
    name="compare",
    module="search.compare",
    summary="Trains every method under one trainer and one budget, and prints the leaderboard.",
    example="--methods all --budget 2.3M --seeds 5",
    settings=(CompareSettings, StorageSettings, *JOB),
    run=_run,
    fill=_text_of_presets,
)
main = COMPARE.main


if __name__ == "__main__":
    sys.exit(main())
