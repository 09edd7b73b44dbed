"""A search in its folder: what has ended there before is looked up, before anything that takes long."""

from __future__ import annotations

import logging
import shutil
from functools import partial

from .output_folder import OutputFolder, decisive
from .output_path import output_path
from .provenance import Digests, data_file, inputs_of
from .run_options import SearchOptions

__all__ = ["run_search"]

_log = logging.getLogger(__name__)


def run_search(options: SearchOptions) -> dict[str, object]:
    """Runs the search and returns what ``result.json`` holds; of a run that has ended, without running again.

    Raises UsageError or InputError, and leaves nothing, on options or data that cannot be used.
    """
    folder = OutputFolder(
        output_path(options), "search.run", decisive(options), inputs=partial(_inputs, options)
    )
    with folder.opened() as path:
        result = folder.finished()
        if result is None:
            _log.info("loading  PyTorch, Optuna and PEFT")
            from search.run.pipeline import (  # seconds to import: PyTorch, optuna, PEFT
                evaluator_of,
                search_with,
            )

            evaluator = evaluator_of(options)
            folder.begin()
            result = search_with(evaluator, options, path)
            folder.finish(result)
        else:
            _log.info("%s has ended before; this is its result", path)
        if (path / "candidates").exists():  # only an interrupted run needs them
            shutil.rmtree(path / "candidates")
        return result


def _inputs(options: SearchOptions) -> dict[str, Digests]:
    """What the search reads: a table, or else data and a model."""
    return inputs_of(options) if options.table is None else data_file(options.table)
