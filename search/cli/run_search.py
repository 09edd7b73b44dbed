"""A search in its folder: what has ended there before is looked up, before anything that takes long."""

from __future__ import annotations

import logging
import shutil
from functools import partial

from search.job.settings import DataSettings, ModelSettings, TrainingSettings
from search.run.record import SearchRecord
from search.run.settings import SearchSettings

from .job_settings import JOB
from .output_folder import OutputFolder, decisive
from .output_path import output_path
from .output_settings import OutputSettings, ScreenSettings
from .progress import progress_on_stderr
from .provenance import Digests, data_file, inputs_of
from .typed import Typed

__all__ = ["run_search"]

_log = logging.getLogger(__name__)


def run_search(given: Typed) -> SearchRecord:
    """Runs the search and returns what ``result.json`` holds; of a run that has ended, without running again.

    Raises UsageError or InputError, and leaves nothing, on options or data that cannot be used.
    """
    known = decisive(given.all((*JOB, SearchSettings)))
    path = output_path(given.of(OutputSettings).output)
    folder = OutputFolder(path, "search.run", known, inputs=partial(_inputs, given))
    with folder.opened() as path:
        ended = folder.finished()
        if ended is None:
            record = _search(given, folder)
        else:
            _log.info("%s has ended before; this is its result", path)
            record = SearchRecord.of_json(ended)
        if (path / "candidates").exists():  # only an interrupted run needs them
            shutil.rmtree(path / "candidates")
        return record


def _search(given: Typed, folder: OutputFolder) -> SearchRecord:
    _log.info("loading  PyTorch, Optuna and PEFT")
    from search.run.pipeline import search_with

    from .oracle_of import oracle_of

    oracle = oracle_of(given)
    folder.begin()
    result = search_with(
        oracle,
        given.of(SearchSettings),
        folder.path,
        seed=given.of(TrainingSettings).seed,
        progress=progress_on_stderr(quiet=given.of(ScreenSettings).quiet),
    )
    folder.finish(result.to_json())
    return result.record


def _inputs(given: Typed) -> dict[str, Digests]:
    """What the search reads: a table, or else data and a model."""
    table = given.of(SearchSettings).table
    return inputs_of(given.of(ModelSettings), given.of(DataSettings)) if table is None else data_file(table)
