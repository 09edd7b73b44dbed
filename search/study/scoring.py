"""Scoring a space with every proxy, and what each would cost alone."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from evaluators.store.ledger import fingerprint
from evaluators.training.memory import peak_memory
from proxies.measure.evidence import Evidence
from proxies.measure.need import Taken
from proxies.proxy import Proxy, needs_of
from proxies.registry import ALL, OFFERED, find_proxy, proxy_names, score_sites
from proxies.site_scores import SiteScores
from search.job.job import Job
from search.job.progress import Progress, silent
from search.job.scoring import evidence_of, scoring_batches
from search.run.kept_scores import read_scores, write_scores
from search.run.study_notes import LeftOut
from spaces.errors import InputError
from spaces.search_space import SearchSpace

__all__ = ["Scored", "score_all"]

_COMPOSITES = (
    "root:grad_norm@init",
    "root:adam_signal",
    "ensemble:adam_signal+solo_linear",
    "root:ensemble:adam_signal+solo_linear",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A proxy's scores with what they cost.

    seconds: that it would have taken alone. peak_memory: bytes, of the device while it was scored, with
    what it shares with others in place; on a CPU, of the process so far.
    """

    scores: SiteScores
    seconds: float
    peak_memory: int


def score_all(
    job: Job,
    proxies: Sequence[str] | None,
    space: SearchSpace,
    folder: Path,
    *,
    progress: Progress = silent,
) -> tuple[list[Scored], list[LeftOut]]:
    """Scores of all sites, by the proxies asked for; and which of them cannot score.

    Args:
        job: whose model and rows the proxies look at.
        proxies: by default those that have been of use, and what was best built of them where training was
            brief (results/study-rotten-tomatoes).
        space: the job's own sites, at any ranks.
        folder: scores that it holds are read.
        progress: counts proxies.

    Raises InputError where a proxy that was asked for cannot score, or where none can.
    """
    names = proxy_names(proxies or (*_COMPOSITES, *OFFERED))
    paths = _paths(job, space, folder, names)
    known = {name: one for name, path in paths.items() if (one := _read(path, space)) is not None}
    missing = {name: path for name, path in paths.items() if name not in known}
    strict = proxies is not None and ALL not in proxies
    measured, left_out = _measure(job, space, missing, strict=strict, progress=progress)
    for lacking in left_out:
        _log.info("left out %s: %s", lacking.proxy, lacking.reason)
    every = {**known, **measured}
    scored = [every[name] for name in names if name in every]
    if not scored:
        raise InputError(f"none of the proxies {list(names)} can score this space; name others with `proxy`.")
    return scored, left_out


def _measure(
    job: Job, space: SearchSpace, paths: Mapping[str, Path], *, strict: bool, progress: Progress
) -> tuple[dict[str, Scored], list[LeftOut]]:
    """Writes the scores of these proxies, and gives them and those that cannot score.

    Proxies that take the same of every batch share their evidence, and no others do, so that none pays for a
    statistic of which it makes no use. strict: whether one that cannot score is an error.
    """
    measured: dict[str, Scored] = {}
    left_out, batches = [], scoring_batches(job) if paths else []
    alike: dict[frozenset[Taken], list[Proxy]] = {}
    for proxy in map(find_proxy, paths):
        alike.setdefault(proxy.takes, []).append(proxy)
    evidences: dict[frozenset[Taken], Evidence] = {}
    with progress("scoring", len(paths), "proxy", units="proxies") as advance:
        for name, path in paths.items():
            proxy = find_proxy(name)
            if proxy.takes not in evidences:
                needs = needs_of(alike[proxy.takes])
                evidences[proxy.takes] = evidence_of(job, batches, space, needs=needs)
            try:
                one = _score(proxy, evidences[proxy.takes])
            except InputError as error:
                if strict and name != "params":  # which every report has
                    raise
                left_out.append(LeftOut(name, str(error)))
            else:
                cost = {"seconds": one.seconds, "peak_memory": one.peak_memory}
                write_scores(path, one.scores, cost)
                measured[name] = one
            advance(1)
    return measured, left_out


def _score(proxy: Proxy, evidence: Evidence) -> Scored:
    device = evidence.model.device
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with evidence.meter.reading() as reading:
        (scores,) = score_sites([proxy], evidence)
    return Scored(scores, reading.seconds, peak_memory(device))


def _paths(job: Job, space: SearchSpace, folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Where each proxy's scores are kept."""
    context = _context(job, space)
    digests = {name: hashlib.sha256(f"{name} {context}".encode()).hexdigest() for name in names}
    return {name: folder / f"{digest[:24]}.json" for name, digest in digests.items()}


def _context(job: Job, space: SearchSpace) -> str:
    """A digest of everything but the proxy that decides its scores."""
    scoring = job.scoring
    known = fingerprint(job.source, job.task, job.recipe)
    sites = [site.name for site in space.sites]
    looked_at: list[object] = [
        scoring.scoring_batches,
        scoring.scoring_batch_size,
        scoring.warm_up_steps,
        job.seed,
    ]
    if scoring.scoring_memory is not None:  # scores that were written before know nothing of it
        looked_at.append(scoring.scoring_memory)
    return hashlib.sha256(json.dumps([known, sites, space.ranks, looked_at]).encode()).hexdigest()


def _read(path: Path, space: SearchSpace) -> Scored | None:
    """What is known of a proxy by a file; see ``read_scores``."""
    found = read_scores(path, space)
    if found is None:
        return None
    scores, known = found
    return Scored(scores, known["seconds"], known["peak_memory"])
