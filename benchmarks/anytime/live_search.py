"""A live search of a contest, whoever trains its trials."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contest import Contest
from search.live.baselines import baselines_of
from search.live.begin import waves_of
from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from search.live.watcher import LiveSearch, Watcher
from search.live.waves import TrainsLegs, Waves
from search.run.settings import SearchSettings

__all__ = ["facts_of", "live_waves", "settings_of"]


def settings_of(contest: Contest, *, trials: int, halving: int, at_once: int) -> LiveSettings:
    """Of a search over all rates and rules."""
    setting = contest.setting
    return LiveSettings(
        trials=trials, halving=halving, lrs=setting.rates, scalings=setting.scalings, at_once=at_once
    )


def facts_of(contest: Contest, settings: LiveSettings, seed: int) -> LiveSearch:
    """What is settled before such a search begins."""
    return LiveSearch(
        model="MiniLM",
        task="SST-2",
        title=contest.setting.space,
        budget=contest.setting.budget,
        space=contest.space,
        max_params=contest.max_params,
        metric="accuracy",
        direction="maximize",
        settings=settings,
        ladder=Ladder(contest.steps, settings.halving, settings.rungs),
        seed=seed,
        seeds=(),
    )


def live_waves(
    contest: Contest,
    settings: LiveSettings,
    train: TrainsLegs,
    *,
    seed: int,
    watchers: Sequence[Watcher] = (),
) -> Waves:
    """The search, ready to run. train: what a wave comes to. seed: of all that is drawn, and of
    the trials' weights and data order."""
    usual = SearchSettings()
    return waves_of(
        facts_of(contest, settings, seed),
        contest.choices,
        contest.scores,
        baselines_of(contest.space, contest.max_params, contest.space.sites, contest.scores),
        train,
        allocators=usual.allocator,
        samplers=usual.sampler,
        seed=seed,
        watchers=watchers,
    )
