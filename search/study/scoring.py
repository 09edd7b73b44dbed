"""Scoring a space with every proxy, and what each would cost alone."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evaluators.store.ledger import fingerprint
from evaluators.store.sealed_json import DamagedFileError, read_sealed, write_sealed
from evaluators.training.memory import peak_memory
from proxies.measure.dense_statistics import Statistic
from proxies.measure.evidence import Evidence
from proxies.proxy import Proxy
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import SiteScores
from search.cli.progress import progress
from search.job.prepare import Search
from search.job.scoring import evidence_of, scoring_batches
from spaces.errors import InputError
from spaces.search_space import SearchSpace

__all__ = ["LeftOut", "Scored", "score_all"]

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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A proxy that cannot score this space, and why."""

    proxy: str
    reason: str


def score_all(search: Search, space: SearchSpace, folder: Path) -> tuple[list[Scored], list[LeftOut]]:
    """Scores of all sites of ``space`` (the search's own sites, at any ranks) by the proxies asked for.

    By default by all, and by what is best built of them (results/README.md). What ``folder`` holds from
    before is read. Raises InputError where a proxy that was asked for cannot score, or where none can.
    """
    options = search.options
    names = list(dict.fromkeys(options.proxy or (*_COMPOSITES, *PROXIES)))
    for name in names:
        find_proxy(name)
    paths = _paths(search, space, folder, names)
    known = {name: one for name, path in paths.items() if (one := _read(path, space)) is not None}
    measured, left_out = _measure(search, space, {n: path for n, path in paths.items() if n not in known})
    for lacking in left_out:
        _log.info("left out %s: %s", lacking.proxy, lacking.reason)
    every = {**known, **measured}
    scored = [every[name] for name in names if name in every]
    if not scored:
        raise InputError(f"none of the proxies {names} can score this space; name others with --proxy.")
    return scored, left_out


def _measure(
    search: Search, space: SearchSpace, paths: Mapping[str, Path]
) -> tuple[dict[str, Scored], list[LeftOut]]:
    """Writes the scores of these proxies, and gives them and those that cannot score.

    Proxies that need the same statistics of the dense pass share their evidence, and no others do, so that
    none pays for a statistic of which it makes no use.
    """
    measured: dict[str, Scored] = {}
    left_out, batches = [], scoring_batches(search) if paths else []
    evidences: dict[frozenset[Statistic], Evidence] = {}
    with progress("scoring", len(paths), "proxy", units="proxies", quiet=search.options.quiet) as advance:
        for name, path in paths.items():
            proxy = find_proxy(name)
            if proxy.needs not in evidences:
                evidences[proxy.needs] = evidence_of(search, batches, space, needs=proxy.needs)
            try:
                one = _score(proxy, evidences[proxy.needs])
            except InputError as error:
                if search.options.proxy is not None and name != "params":  # which every report has
                    raise
                left_out.append(LeftOut(name, str(error)))
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_sealed(path, {"of": path.stem, **_fields(one)})
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


def _paths(search: Search, space: SearchSpace, folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Where each proxy's scores are kept."""
    context = _context(search, space)
    digests = {name: hashlib.sha256(f"{name} {context}".encode()).hexdigest() for name in names}
    return {name: folder / f"{digest[:24]}.json" for name, digest in digests.items()}


def _context(search: Search, space: SearchSpace) -> str:
    """A digest of everything but the proxy that decides its scores."""
    options = search.options
    known = fingerprint(search.inputs.source, search.inputs.task, search.recipe)
    sites = [site.name for site in space.sites]
    looked_at = [options.scoring_batches, options.scoring_batch_size, options.warm_up_steps, options.seed]
    return hashlib.sha256(json.dumps([known, sites, space.ranks, looked_at]).encode()).hexdigest()


def _fields(one: Scored) -> dict[str, object]:
    return {
        "proxy": one.scores.proxy,
        "point": one.scores.point,
        "by_site": one.scores.by_site.tolist(),
        "by_rank": one.scores.by_rank.tolist(),
        "seconds": one.seconds,
        "peak_memory": one.peak_memory,
    }


def _read(path: Path, space: SearchSpace) -> Scored | None:
    """The scores in a file; None where there is none, or, with a log line, one that is damaged."""
    if not path.exists():
        return None
    try:
        known = read_sealed(path)
        if known["of"] != path.stem:
            raise DamagedFileError(f"{path} has the scores of another proxy")
    except DamagedFileError as error:
        _log.warning("%s; its proxy scores again", error)
        return None
    arrays = np.array(known["by_site"]), np.array(known["by_rank"])
    scores = SiteScores(known["proxy"], known["point"], space, *arrays)
    return Scored(scores, known["seconds"], known["peak_memory"])
