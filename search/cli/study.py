"""``rankscape study``: which cheap scores rank allocations as fine-tuning does, with statistics."""

from __future__ import annotations

import sys
from typing import Final

from search.storage.settings import StorageSettings
from search.study.settings import StudySettings
from spaces.errors import UsageError

from .command import Command, Printed
from .job_options import JOB_OF_STUDIES
from .one_or_several import check_one_or_several
from .output_settings import OutputSettings
from .typed import Typed

__all__ = ["STUDY", "main"]

_OF_A_REPORT: Final = frozenset({"source", "output", "json", "quiet"})


def _run(given: Typed) -> Printed:
    check_one_or_several(given)
    if "source" in given.names and (others := sorted(given.names - _OF_A_REPORT)):
        named = ", ".join(f"`{name}`" for name in others)
        raise UsageError(f"`source` makes a report of what was trained before; leave out {named}.")
    from .run_study import report_anew, run_study

    settings = given.of(StudySettings)
    if settings.source is None:
        return run_study(given)
    output = given.of(OutputSettings).output if "output" in given.names else None
    return report_anew(settings.source, output)


STUDY: Final = Command(
    name="study",
    module="search.study",
    summary="Finds out which cheap scores rank allocations as fine-tuning does, with statistics.",
    example="--budget 2.3M --allocations 64 --seeds 3",
    settings=(StudySettings, StorageSettings, *JOB_OF_STUDIES),
    run=_run,
)
main = STUDY.main


if __name__ == "__main__":
    sys.exit(main())
