"""What is settled of a live search, before any trial."""

from __future__ import annotations

from dataclasses import replace

from search.live.ladder import Ladder
from search.live.settings import LiveSettings
from search.live.watcher import LiveSearch
from spaces.search_space import SearchSpace

LADDER = Ladder(90, 3, 2)


def settled(space: SearchSpace, settings: LiveSettings, *, budget: int = 100, **more: object) -> LiveSearch:
    """A search on 90 steps, which are judged after 10, 30 and all of them, unless said otherwise."""
    search = LiveSearch(
        model="tiny",
        task="rows",
        title="lora[q]",
        budget="r=2",
        space=space,
        max_params=budget,
        metric="accuracy",
        direction="maximize",
        settings=settings,
        rungs=LADDER.rungs_at,
        seed=7,
        seeds=(0,),
    )
    return replace(search, **more)
