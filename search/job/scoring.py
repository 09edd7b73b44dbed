"""Scoring the sites of a job by proxies, over the first training batches."""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Callable, Sequence
from typing import Final

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need
from proxies.measure.warm_up import WarmUp
from proxies.proxy import Proxy, needs_of
from proxies.registry import ALL, PROXIES, find_proxy, score_sites, spelled_out
from proxies.site_scores import SiteScores
from spaces.errors import InputError, UsageError
from spaces.objective import Batch
from spaces.printable import printable
from spaces.search_space import SearchSpace

from .first_batches import first_batches
from .job import Job
from .progress import Progress, silent

__all__ = [
    "DEFAULT_PROXIES",
    "evidence_of",
    "score_space",
    "scoring_batches",
]

_log = logging.getLogger(__name__)
DEFAULT_PROXIES: Final = ("zico", "l2_norm")
"""Committed tables show both to rank allocations rightly; the first on three tasks and two models by the
metric, more than any other; the second reads the weights alone: its pick led uniform on one set of rows and
was behind it on another (results/replication). Neither forms a gradient of a weight (results/proxies, what
follows)."""


def score_space(
    job: Job, proxies: Sequence[str | Proxy] | None = None, *, progress: Progress = silent
) -> list[SiteScores]:
    """Scores of all sites of a job by these proxies; by default, by those of a few that can rank its space;
    of ``all``, by those that can. A proxy itself may stand where a name does.

    Raises UsageError on an unknown proxy and on two of one name, InputError where one that was asked for
    cannot score, or none can.
    """
    asked = _asked(DEFAULT_PROXIES if proxies is None else proxies)
    strict = proxies is not None and ALL not in proxies
    batches = scoring_batches(job)
    with progress("scoring", len(batches), "batch", units="batches") as advance:
        evidence = evidence_of(job, batches, job.space, needs=needs_of(asked), on_batch=lambda: advance(1))
        scores = score_sites(asked, evidence) if strict else _of_those_that_can(asked, evidence)
    if not scores:
        names = [proxy.name for proxy in asked]
        raise InputError(f"none of the proxies {names} can rank this space; name others with `proxy`.")
    _log_errors(scores)
    return scores


def _asked(given: Sequence[str | Proxy]) -> list[Proxy]:
    """Each once, names looked up."""
    own: dict[str, Proxy] = {}
    texts = (one for one in given if isinstance(one, str))
    taken: dict[str, Proxy | None] = {ALL: None, **dict.fromkeys(texts), **PROXIES}
    for one in given:
        if isinstance(one, Proxy):
            if taken.setdefault(one.name, one) != one:
                raise UsageError(f"two proxies are called {one.name!r}; give yours another name.")
            own[one.name] = one
        elif not isinstance(one, str):
            raise UsageError(f"`proxies={printable(reprlib.repr(one))}` must be names, or each a Proxy.")
    names = spelled_out((one.name if isinstance(one, Proxy) else one for one in given), PROXIES)
    return [own.get(name) or find_proxy(name) for name in names]


def _log_errors(scores: Sequence[SiteScores]) -> None:
    for one in scores:
        if one.error is None:
            _log.info("%s is made of sketched scores; how far it is off cannot be said", one.proxy)
        elif one.error:
            words = "%s is sketched; exact scores of sites are expected within %.2g %% of these"
            _log.info(words, one.proxy, 100 * one.error)


def _of_those_that_can(asked: Sequence[Proxy], evidence: Evidence) -> list[SiteScores]:
    """The scores of those that say something of this space and model; the log says why others do not."""
    scores = []
    for proxy in asked:
        try:
            scores += score_sites([proxy], evidence)
        except InputError as error:
            _log.warning("left out: %s", error)
    return scores


def evidence_of(
    job: Job,
    batches: Sequence[Batch],
    space: SearchSpace,
    *,
    warm_up: WarmUp | None = None,
    needs: frozenset[Need] = frozenset(),
    on_batch: Callable[[], None] = lambda: None,
) -> Evidence:
    """Evidence of a job's model; nothing is measured yet.

    Args:
        job: whose model, scale of the wires and seed these are.
        batches: what the model is asked about.
        space: the job's sites, at any ranks.
        warm_up: by default of the job's number of steps.
        needs: of the proxies that will look at it.
        on_batch: called for each batch that has been looked at.
    """
    return Evidence(
        job.model,
        job.task.objective,
        batches,
        space,
        seed=job.seed,
        scaling=job.recipe.scaling,
        renorm=job.recipe.renorm,
        warm_up=warm_up or WarmUp(steps=job.scoring.warm_up_steps),
        needs=needs,
        memory=job.scoring.memory,
        on_batch=on_batch,
    )


def scoring_batches(job: Job) -> list[Batch]:
    """The first training rows, in as many batches of the size that the job says."""
    scoring = job.scoring
    return first_batches(
        job.model, job.task.train, size=scoring.scoring_batch_size, count=scoring.scoring_batches
    )
