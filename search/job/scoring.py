"""Scoring the sites of a search with its proxies, over the first training batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from evaluators.executors.spread import base_model_on
from proxies.measure.dense_statistics import Statistic
from proxies.measure.evidence import Evidence
from proxies.measure.warm_up import WarmUp
from proxies.proxy import needs_of
from proxies.registry import find_proxy, score_sites
from proxies.site_scores import SiteScores
from search.cli.progress import progress
from spaces.errors import InputError
from spaces.objective import Batch
from spaces.search_space import SearchSpace

from .first_batches import first_batches
from .prepare import Search

__all__ = ["DEFAULT_PROXIES", "evidence_of", "score_space", "scoring_batches"]

_log = logging.getLogger(__name__)
DEFAULT_PROXIES: Final = ("grad_norm", "spectrum", "snip", "synflow")


def score_space(search: Search) -> list[SiteScores]:
    """Scores of all sites by the proxies asked for; by default, by those that can rank this space."""
    options, batches = search.options, scoring_batches(search)
    with progress("scoring", len(batches), "batch", units="batches", quiet=options.quiet) as advance:
        proxies = [find_proxy(name) for name in dict.fromkeys(options.proxy or DEFAULT_PROXIES)]
        evidence = evidence_of(
            search, batches, search.space, needs=needs_of(proxies), on_batch=lambda: advance(1)
        )
        if options.proxy is not None:
            return score_sites(proxies, evidence)
        scores = []
        for proxy in proxies:  # one that says nothing of this space or model was not asked for
            try:
                scores += score_sites([proxy], evidence)
            except InputError as error:
                _log.warning("left out: %s", error)
    if not scores:
        raise InputError(
            f"none of the proxies {list(DEFAULT_PROXIES)} can rank this space; name others with --proxy."
        )
    return scores


def evidence_of(
    search: Search,
    batches: Sequence[Batch],
    space: SearchSpace,
    *,
    warm_up: WarmUp | None = None,
    needs: frozenset[Statistic] = frozenset(),
    on_batch: Callable[[], None] = lambda: None,
) -> Evidence:
    """Evidence of a search's model; nothing is measured yet.

    space: its sites, at any ranks. warm_up: by default of the options' number of steps. needs: of the proxies
    that will look at it.
    """
    return Evidence(
        base_model_on(search.inputs.source, search.devices[0]),
        search.inputs.task.objective,
        batches,
        space,
        seed=search.options.seed,
        scaling=search.recipe.scaling,
        renorm=search.recipe.renorm,
        warm_up=warm_up or WarmUp(steps=search.options.warm_up_steps),
        needs=needs,
        on_batch=on_batch,
    )


def scoring_batches(search: Search) -> list[Batch]:
    """The first training rows, in as many batches of the size that the options say."""
    options, model = search.options, base_model_on(search.inputs.source, search.devices[0])
    rows, size = search.inputs.task.train, options.scoring_batch_size
    return first_batches(model, rows, size=size, count=options.scoring_batches)
