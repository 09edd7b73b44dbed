"""Scores of proxies in files, so that what goes on in a folder goes by those it began with."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from evaluators.store.sealed_json import DamagedFileError, read_sealed, write_sealed
from proxies.site_scores import SiteScores
from search.job.run_names import SCORES
from spaces.search_space import SearchSpace

__all__ = ["keep_scores", "known_scores", "read_scores", "settled_scores", "write_scores"]

_SHORT: Final = 24  # hexadecimal digits that name a file
_log = logging.getLogger(__name__)


def settled_scores(folder: Path, own: Sequence[SiteScores]) -> list[SiteScores]:
    """What a start of a search measured, each table as the first start in that folder had it, and kept it.

    Another device, or another number of threads, may round otherwise, and so come to other picks: with them a
    search would not go on but be another. Those that ``write_scores`` cannot write are each start's own.
    """
    began = known_scores(folder, own)
    keep_scores(folder, [table for table in own if table.proxy not in began])
    return [began.get(table.proxy, table) for table in own]


def known_scores(folder: Path, own: Sequence[SiteScores]) -> dict[str, SiteScores]:
    """Those of the same proxies with which the search in a folder began, by proxy; a log line where they are
    not what this start measured."""
    began = {}
    for table in own:
        if (found := read_scores(_path(folder, table), table.space)) is None:
            continue
        began[table.proxy], _ = found
        if not np.array_equal(began[table.proxy].by_rank, table.by_rank):
            _log.info("going on with the scores of %s with which it began, not those of now", table.proxy)
    return began


def keep_scores(folder: Path, scores: Sequence[SiteScores]) -> None:
    """From now on these are those with which the search in a folder began."""
    for table in scores:
        write_scores(_path(folder, table), table)


def write_scores(path: Path, scores: SiteScores, more: Mapping[str, object] | None = None) -> None:
    """Writes them, and what else is known of them, whole or not at all; nothing where scores do not add up,
    as no file can say what allocations are worth then."""
    if scores.together is not None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_sealed(path, {"of": path.stem, **scores.to_json(), **(more or {})})


def read_scores(path: Path, space: SearchSpace) -> tuple[SiteScores, Mapping[str, Any]] | None:
    """The scores in a file, and all that it says; None where there is none, or, with a log line, one that is
    damaged."""
    if not path.exists():
        return None
    try:
        known = read_sealed(path)
        if known["of"] != path.stem:
            raise DamagedFileError(f"{path} has the scores of another proxy")
    except DamagedFileError as error:
        _log.warning("%s; its proxy scores again", error)
        return None
    return SiteScores.of_json(known, space), known


def _path(folder: Path, table: SiteScores) -> Path:
    digest = hashlib.sha256(table.proxy.encode()).hexdigest()
    return folder / SCORES / f"{digest[:_SHORT]}.json"
