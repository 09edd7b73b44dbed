"""Scoring a space with every proxy, each on its own, so that each one's cost is known."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evaluators.ledger import fingerprint
from evaluators.memory import peak_memory
from evaluators.whole_file import whole_file
from proxies.dense_gradients import Batch
from proxies.registry import PROXIES, find_proxy, score_sites
from proxies.site_scores import SiteScores
from search.prepare import Search
from search.progress import progress
from search.scoring import evidence_of, scoring_batches
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
    """A proxy's scores with what they cost: seconds when computed alone, and peak memory in bytes.

    peak_memory: of the device while it was scored; on a CPU, of the process so far.
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

    By default by all, and by what is best built of them (results/README.md). Each proxy measures anew,
    as if it were alone; what ``folder`` holds from before
    is read. Raises InputError where a proxy that was asked for cannot score, or where none can.
    """
    options = search.options
    names = list(dict.fromkeys(options.proxy or (*PROXIES, *_COMPOSITES)))
    for name in names:
        find_proxy(name)
    context, batches = _context(search, space), scoring_batches(search)
    scored: list[Scored] = []
    left_out: list[LeftOut] = []
    with progress("scoring", len(names), "proxy", quiet=options.quiet) as advance:
        for name in names:
            path = folder / f"{hashlib.sha256(f'{name} {context}'.encode()).hexdigest()[:24]}.json"
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                try:
                    one = _score(search, name, batches, space)
                except InputError as error:
                    if options.proxy is not None:
                        raise
                    left_out.append(LeftOut(name, str(error)))
                    continue
                with whole_file(path) as unfinished:
                    unfinished.write_text(json.dumps(_fields(one)))
            scored.append(_read(path, space))
            advance(1)
    for lacking in left_out:
        _log.info("left out %s: %s", lacking.proxy, lacking.reason)
    if not scored:
        raise InputError(f"none of the proxies {names} can score this space; name others with --proxy.")
    return scored, left_out


def _score(search: Search, name: str, batches: Sequence[Batch], space: SearchSpace) -> Scored:
    device = torch.device(search.devices[0])
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    (scores,) = score_sites([find_proxy(name)], evidence_of(search, batches, space))
    return Scored(scores, time.perf_counter() - started, peak_memory(device))


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


def _read(path: Path, space: SearchSpace) -> Scored:
    known = json.loads(path.read_text())
    arrays = np.array(known["by_site"]), np.array(known["by_rank"])
    return Scored(
        SiteScores(known["proxy"], known["point"], space, *arrays), known["seconds"], known["peak_memory"]
    )
