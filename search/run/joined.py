"""What a driver of a live search has to do with the others that share it."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluators.store.ledger import Ledger
from proxies.site_scores import SiteScores
from search.folder.folder_record import read_record
from search.job.run_names import CANDIDATES
from search.live.at_once import known_at_once, settled_at_once
from search.live.finals import AllFailedError
from search.live.watcher import KeepsStudy
from search.mirror.study_place import StudyPlace
from search.shared.driver import candidates_of, driver_of
from search.shared.join_settings import JoinSettings
from search.shared.lead import (
    LeadFailure,
    LeadResult,
    LedWatcher,
    awaited_result,
    conclude,
    failures_told,
    former_leads,
    result_elsewhere,
    tell_failure,
)
from search.shared.shared_legs import SharedLegs
from search.shared.shared_work import SharedWork, shared_work
from spaces.counted import counted
from spaces.errors import UsageError

from .alike import SETTLED, check_alike, settled
from .company import Alone, Company, TrainsTrials
from .kept_scores import keep_scores, known_scores
from .record import SearchRecord
from .result import Result
from .settings import SEARCH_MAY_GROW

__all__ = ["Joined", "company_of"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Joined:
    """Drivers that share a search, this one among them.

    folder: of its own. past: failures of all that were told before this start, which tries anew.
    """

    work: SharedWork
    folder: Path
    past: frozenset[str]

    def ended(self) -> SearchRecord | None:
        return self._record(result_elsewhere(self.work))

    def at_once(self, wanted: int, /) -> int:
        kept = self.folder / CANDIDATES
        began = known_at_once(kept)
        agreed = int(self.work.agreed("at once", str(wanted if began is None else began)))
        if began is not None and began != agreed:
            raise UsageError(
                f"{self.folder} began with {counted(began, 'trial')} at a time, and the drivers of this "
                f"search have {agreed}; choose another `output` or another `study_name`."
            )
        return settled_at_once(kept, agreed)  # also where it goes on alone

    def scores(self, own: Sequence[SiteScores], /) -> list[SiteScores]:
        """Those of the driver that came first: other machines may round otherwise, and pick otherwise.

        Raises UsageError where this folder began with others.
        """
        began = known_scores(self.folder, own)
        own = [began.get(table.proxy, table) for table in own]
        told = {table.proxy: [table.by_site.tolist(), table.by_rank.tolist()] for table in own}
        known = json.loads(self.work.agreed("scores", json.dumps(told)))
        if known.keys() != told.keys():
            raise UsageError(
                f"the drivers' machines have different proxies: {', '.join(known)}, and here "
                f"{', '.join(told)}; give them by `proxy`."
            )
        for table in own:
            if table.together is not None:
                words = "scores   %s judges sites one by one here: of whole allocations drivers cannot agree"
                _log.warning(words, table.proxy)
        agreed = [
            replace(
                table,
                by_site=np.array(known[table.proxy][0], dtype=np.float64),
                by_rank=np.array(known[table.proxy][1], dtype=np.float64),
                together=None,  # which cannot be told, and all must agree
            )
            for table in own
        ]
        for table in agreed:
            if table.proxy in began and not np.array_equal(began[table.proxy].by_rank, table.by_rank):
                raise UsageError(
                    f"{self.folder} began with other scores of {table.proxy} than the drivers of this search "
                    "have; choose another `output` or another `study_name`."
                )
        keep_scores(self.folder, agreed)  # also where it goes on alone
        return agreed

    def shown(
        self, mirror: Callable[[], AbstractContextManager[KeepsStudy]], /
    ) -> AbstractContextManager[LedWatcher]:
        """Whoever leads."""
        return closing(LedWatcher(self.work, mirror))

    def training(self, own: TrainsTrials, ledger: Ledger, total: int, /) -> SharedLegs:
        return SharedLegs(self.work, own, ledger, candidates_of, total)

    def awaited(self, ledger: Ledger, /) -> SearchRecord | None:
        told = awaited_result(self.work, self.past)
        if isinstance(told, LeadFailure):
            raise AllFailedError(f"{told.reason}; so it was with the driver {told.by}")
        if told is None:
            for folder in filter(None, map(candidates_of, former_leads(self.work))):
                ledger.adopt_all(Ledger(folder, ledger.context))
        return self._record(told)

    def followed(self) -> SearchRecord | None:
        past = self.past
        while isinstance(told := awaited_result(self.work, past), LeadFailure):
            past = failures_told(self.work)  # and who failed lets go of the finalists
        return self._record(told)

    def conclude(self, result: Result, /) -> Result | SearchRecord:
        while not conclude(self.work, result.to_json()):  # it was taken for dead
            if (known := self.followed()) is not None:
                return known
        return result

    def give_up(self, reason: str, /) -> None:
        tell_failure(self.work, reason)

    def _record(self, told: LeadResult | None) -> SearchRecord | None:
        if told is None:
            return None
        _log.info("shared   all is over; the winner lies with the driver %s", told.by)
        return replace(SearchRecord.of_json(told.told), output=str(self.folder), held_by=told.by)


@contextmanager
def company_of(study: StudyPlace, folder: Path, join: JoinSettings) -> Iterator[Company]:
    """Who works on the search of a study, this process in a folder of its own, which has begun.

    Raises UsageError where drivers of another search, or of another program, have the study.
    """
    if not join.join:
        yield Alone(folder)
        return
    assert study.storage is not None, "a search that is shared has a storage"
    record = read_record(folder, another="choose another `output`", growing=SEARCH_MAY_GROW)
    assert record is not None, "a search that is shared has a folder of its own"
    owner = driver_of(folder, socket.gethostname())
    with shared_work(study.storage, study.of_work, owner, join.heartbeat) as work:
        check_alike(json.loads(work.agreed(SETTLED, json.dumps(settled(record)))), record)
        yield Joined(work, folder, failures_told(work))
