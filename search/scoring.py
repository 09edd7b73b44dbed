"""Scoring the sites of a search with its proxies, over the first training batches."""

from __future__ import annotations

import logging

import torch

from evaluators.rows import Rows, padded_inputs
from evaluators.spread import base_model_on
from proxies.dense_gradients import Batch
from proxies.evidence import Evidence
from proxies.registry import find_proxy, score_sites
from proxies.site_scores import DegenerateScoreError, SiteScores
from spaces.errors import InputError

from .prepare import Search
from .progress import progress

__all__ = ["score_space"]

_log = logging.getLogger(__name__)
_DEFAULT_PROXIES = ("grad_norm", "spectrum", "snip", "synflow")


def score_space(search: Search) -> list[SiteScores]:
    """Scores of all sites by the proxies asked for; by default, by those that can rank this space."""
    options, task = search.options, search.inputs.task
    model = base_model_on(search.inputs.source, search.devices[0])
    count = min(options.scoring_batches, -(-len(task.train) // options.batch_size))
    batches = _scoring_batches(
        task.train, count, options.batch_size, model.config.pad_token_id, search.devices[0]
    )
    with progress("scoring", count, "batch", quiet=options.quiet) as advance:
        evidence = Evidence(
            model,
            batches,
            search.space,
            seed=options.seed,
            scaling=search.recipe.scaling,
            renorm=search.recipe.renorm,
            on_batch=lambda: advance(1),
        )
        if options.proxy is not None:
            return score_sites([find_proxy(name) for name in dict.fromkeys(options.proxy)], evidence)
        scores = []
        for name in _DEFAULT_PROXIES:  # one that says nothing about this space was not asked for
            try:
                scores += score_sites([find_proxy(name)], evidence)
            except DegenerateScoreError as error:
                _log.warning("left out: %s", error)
    if not scores:
        raise InputError(
            f"none of the proxies {list(_DEFAULT_PROXIES)} can rank this space; name others with --proxy."
        )
    return scores


def _scoring_batches(rows: Rows, count: int, batch_size: int, pad_token_id: int, device: str) -> list[Batch]:
    """The first batches of training rows, unshuffled, as in the reference HeteroLoRA program."""
    batches = []
    for start in range(0, count * batch_size, batch_size):
        indices = range(start, min(start + batch_size, len(rows)))
        arrays = padded_inputs(rows, indices, pad_token_id=pad_token_id)
        inputs = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        batches.append(Batch(inputs, torch.from_numpy(rows.labels[indices.start : indices.stop]).to(device)))
    return batches
