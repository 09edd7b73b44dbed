"""The settings a study compares allocations under: every budget with every scaling and learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from evaluators.store.benchmark_table import Stratum, StratumKind
from search.cli.study_options import StudyOptions
from search.job.inputs import load_inputs
from search.job.prepare import Search, prepare
from spaces.errors import UsageError

from .draw import Drawn

__all__ = ["SITE_TRUTHS", "settings", "stratum_of"]

SITE_TRUTHS: tuple[StratumKind, ...] = ("only", "without")


def settings(options: StudyOptions) -> list[Search]:
    """One prepared search for each combination, in the order typed.

    Raises UsageError or InputError on what cannot be used.
    """
    for name in options.site_truth or ():
        if name not in SITE_TRUTHS:
            raise UsageError(f"--site-truth {name!r} is unknown; choose from {', '.join(SITE_TRUTHS)}.")
    rates = options.lrs or [options.lr]
    inputs = load_inputs(options)
    chosen = product(options.budgets or [options.budget], options.scalings or [options.scaling], rates)
    distinct = dict.fromkeys(chosen)
    prepared = [
        prepare(replace(options, budget=budget, scaling=scaling, lr=rate), inputs)
        for budget, scaling, rate in distinct
    ]
    cap = min(site.max_rank for site in prepared[0].space.sites)
    if options.site_truth and options.site_rank > cap:
        raise UsageError(
            f"--site-rank {options.site_rank} is above {cap}, the full rank of a site; lower it."
        )
    return prepared


def stratum_of(search: Search, kind: StratumKind, drawn: Sequence[Drawn]) -> Stratum:
    """The name under which the table keeps a setting's allocations."""
    dearest = max(search.space.params(one.allocation) for one in drawn)
    most = search.max_params if kind == "budget" else dearest
    return Stratum(kind, most, search.options.scaling, search.learning_rate)
