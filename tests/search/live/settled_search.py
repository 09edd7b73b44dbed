"""What is settled of a live search, before any trial."""

from __future__ import annotations

from dataclasses import replace

from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from search.live.watcher import LiveSearch
from spaces.search_space import SearchSpace

STEPS = 90


def settled(space: SearchSpace, settings: LiveSettings, *, budget: int = 100, **more: object) -> LiveSearch:
    """A search of 90 steps, judged after 10, 30 and all of them, and of four trials at a time, unless said
    otherwise."""
    search = LiveSearch(
        model="tiny",
        task="rows",
        title="lora[q]",
        budget="r=2",
        space=space,
        max_params=budget,
        metric="accuracy",
        direction="maximize",
        settings=replace(settings, at_once=settings.at_once or 4),
        ladder=Ladder(STEPS, settings.halving, settings.rungs),
        seed=7,
        seeds=(0,),
    )
    return replace(search, **more)
