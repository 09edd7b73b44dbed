"""What a driver does of a live search that it shares: what was agreed, and its part of the training."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluators.store.ledger import Ledger
from proxies.site_scores import SiteScores
from search.live.waves import TrainsLegs
from search.mirror.join_settings import JoinSettings
from search.mirror.shared_legs import SharedLegs, driver_name
from search.mirror.shared_work import SharedWork, shared_work
from search.mirror.study_place import StudyPlace
from spaces.errors import UsageError

__all__ = ["CANDIDATES", "agreed_scores", "agreed_slots", "check_join", "joined_legs", "joined_work"]

CANDIDATES = "candidates"
"""Of finished candidates, in a run's folder."""


def check_join(join: JoinSettings, *, trials: int, objectives: Sequence[str], storage: str | None) -> None:
    """Raises UsageError where there is nothing to share."""
    if not join.join:
        return
    if not trials:
        raise UsageError("`join` is of a live search, and none is asked for; add `trials`.")
    if storage is None:
        raise UsageError("`join` needs the database in which drivers meet; give `storage` its address.")
    if len(objectives) > 1:
        raise UsageError(
            f"`join` and `objectives={','.join(objectives)}` exclude each other: a front's weights lie with "
            "those who trained them; give one objective."
        )


def joined_work(study: StudyPlace, folder: Path, join: JoinSettings) -> AbstractContextManager[SharedWork]:
    """The work of a search, which lies beside its study."""
    assert study.storage is not None, "a search that is shared has a storage"
    owner = driver_name(socket.gethostname(), folder)
    return shared_work(study.storage, f"{study.name}, work", study.identity, owner, join.heartbeat)


def agreed_scores(work: SharedWork, scores: Sequence[SiteScores]) -> list[SiteScores]:
    """Those of the driver that came first: other machines may round otherwise, and come to other picks."""
    own = {table.proxy: [table.by_site.tolist(), table.by_rank.tolist()] for table in scores}
    known = json.loads(work.agreed("scores", json.dumps(own)))
    if known.keys() != own.keys():
        raise UsageError(
            f"the drivers' machines have different proxies: {', '.join(known)}, and here {', '.join(own)}; "
            "give them by `proxy`."
        )
    return [
        replace(
            table,
            by_site=np.array(known[table.proxy][0], dtype=np.float64),
            by_rank=np.array(known[table.proxy][1], dtype=np.float64),
        )
        for table in scores
    ]


def agreed_slots(work: SharedWork, own: int) -> int:
    """Trials that live at a time, in all drivers together: as many as the first one says."""
    return int(work.agreed("at once", str(own)))


def joined_legs(work: SharedWork, train: TrainsLegs, ledger: Ledger, total: int) -> SharedLegs:
    """A driver's part of the training. total: steps of a whole one."""
    return SharedLegs(work, train, ledger, _candidates_of, total)


def _candidates_of(driver: str) -> Path | None:
    """What another driver trained, where its folder can be seen from here."""
    folder = Path(driver.partition(":")[2]) / CANDIDATES
    return folder if folder.is_dir() else None
