"""A search in its folder: what has ended there before is looked up, before anything that takes long."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from functools import partial

from evaluators.metrics.of_tokens import TOKEN_METRICS
from search.folder.output_folder import OutputFolder, decisive
from search.folder.provenance import Digests, data_file, inputs_of
from search.job.run_names import CANDIDATES
from search.job.settings import DataSettings, ModelSettings
from search.live.settings import LiveSettings
from search.run.record import SearchRecord
from search.run.settings import SEARCH_MAY_GROW, SearchSettings
from search.shared.join_settings import JoinSettings

from .job_options import JOB
from .output_path import output_path
from .output_settings import OutputSettings
from .typed import Typed

__all__ = ["run_search"]

_log = logging.getLogger(__name__)


def _search_in(folder: OutputFolder, given: Typed) -> SearchRecord:
    _log.info("loading  PyTorch, Optuna and PEFT")
    from .search_in import search_in

    return search_in(folder, given)


def run_search(
    given: Typed, search: Callable[[OutputFolder, Typed], SearchRecord] = _search_in
) -> SearchRecord:
    """Runs the search and returns what ``result.json`` holds; of a run that has ended, without running again.

    One that has ended and is asked for other text than then, or for none, only writes that.

    search: does the work of one that has not ended.
    Raises UsageError or InputError, and leaves nothing, on options or data that cannot be used.
    """
    known = decisive(given.each((*JOB, SearchSettings, LiveSettings)))
    inputs = partial(_inputs, given)
    path, shared = output_path(given.of(OutputSettings).output), given.of(JoinSettings).join
    folder = OutputFolder(path, "search.run", known, inputs=inputs, growing=SEARCH_MAY_GROW, shared=shared)
    with folder.opened() as path:
        ended = folder.finished()
        if ended is None:
            record = search(folder, given)
        else:
            _log.info("%s has ended before; this is its result", path)
            record = SearchRecord.of_json(ended)
        if record.metric not in TOKEN_METRICS and (path / CANDIDATES).exists():  # others may write later
            shutil.rmtree(path / CANDIDATES)
        return record


def _inputs(given: Typed) -> dict[str, Digests]:
    """What the search reads: a table, or else data and a model."""
    table = given.of(SearchSettings).table
    return inputs_of(given.of(ModelSettings), given.of(DataSettings)) if table is None else data_file(table)
