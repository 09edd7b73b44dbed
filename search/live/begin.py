"""The parts of a live search put together, whoever trains its trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evaluators.training.candidate import Candidate
from proxies.site_scores import SiteScores
from search.allocation.spend import chance_of
from search.sampling.proposals import Proposal
from search.sampling.running_study import Alternatives, RunningStudy

from .asking import Asker
from .picks import picks_of
from .pruning import Competition
from .watcher import LiveSearch, Watcher
from .waves import TrainsLegs, Waves

__all__ = ["asker_of", "competition_of", "waves_of"]


def waves_of(
    search: LiveSearch,
    choices: Alternatives,
    scores: Sequence[SiteScores],
    baselines: Sequence[Proposal],
    train: TrainsLegs,
    *,
    allocators: Sequence[str],
    samplers: Sequence[str],
    seed: int,
    watchers: Sequence[Watcher] = (),
    forget: Callable[[Candidate], None] = lambda _: None,
) -> Waves:
    """A live search that is ready to run, in this process or over a table of learning curves.

    Args:
        search: what is settled; its settings say how many trials there are, in all and at a time, and how
            they are stopped.
        choices: of rates, rules and budgets.
        scores: of all sites, by proxy; one or more.
        baselines: allocations that take part at every rate and rule.
        train: gives what a wave comes to.
        allocators, samplers: who proposes, by name; where there are samplers, the allocators' picks are at
            most half of the trials.
        seed: >= 0, of all that is drawn.
        watchers: are told what happens.
        forget: called with the candidate of every trial that is over.
    """
    asker = asker_of(
        search,
        choices,
        scores,
        baselines,
        allocators=allocators,
        samplers=samplers,
        seed=seed,
    )
    competition = competition_of(search, choices)
    return Waves(search, asker, competition, train, watchers=watchers, forget=forget)


def asker_of(
    search: LiveSearch,
    choices: Alternatives,
    scores: Sequence[SiteScores],
    baselines: Sequence[Proposal],
    *,
    allocators: Sequence[str],
    samplers: Sequence[str],
    seed: int,
) -> Asker:
    """Who says which trial is next; the arguments are those of ``waves_of``."""
    trials = search.settings.trials
    directions = [direction for _, direction in search.objectives]
    studies = {
        name: RunningStudy(
            name, search.space, choices, directions=directions, rng=chance_of(seed, f"sampler {name}")
        )
        for name in samplers
    }
    count = trials // 2 if samplers else trials
    return Asker(
        scores,
        baselines=baselines,
        picks=picks_of(scores, choices, allocators=allocators, count=count, seed=seed),
        studies=studies,
        choices=choices,
        trials=trials,
        seed=seed,
    )


def competition_of(search: LiveSearch, choices: Alternatives) -> Competition:
    """Who says which trials go on; over several objectives those of like size compete."""
    (_, direction), *others = search.objectives
    apart = choices.max_params if others else None
    return Competition(search.settings.pruner, search.ladder, direction, apart=apart)
