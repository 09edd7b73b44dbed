"""What searches compete over: a setting, and the space, the budget and the scores that it comes to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from proxies.site_scores import SiteScores
from search.run.workbench import Workbench
from search.sampling.running_study import Alternatives
from spaces.search_space import SearchSpace
from spaces.space_record import space_from_json, space_to_json

from .search_setting import SearchSetting

__all__ = ["Contest", "contest_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """max_params: the budget. steps: of a whole training. scores: by a search's usual proxies."""

    setting: SearchSetting
    space: SearchSpace = field(repr=False)
    max_params: int
    steps: int
    scores: tuple[SiteScores, ...] = field(repr=False)

    @property
    def judged_at(self) -> tuple[int, ...]:
        """The steps after which trainings are judged."""
        return tuple(self.steps * ninth // 9 for ninth in self.setting.judged_at)

    @property
    def choices(self) -> Alternatives:
        """What a trial chooses beside its ranks; all have one budget."""
        return Alternatives(self.setting.rates, self.setting.scalings, self.max_params, self.max_params)

    def to_json(self) -> dict[str, Any]:
        """All of it, scores to six digits."""
        return {
            "setting": self.setting.to_json(),
            "space": json.loads(space_to_json(self.space)),
            "max_params": self.max_params,
            "steps": self.steps,
            "scores": [_scores_as_json(scores) for scores in self.scores],
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Contest:
        """What ``to_json`` gave."""
        space = space_from_json(json.dumps(fields["space"]))
        return cls(
            SearchSetting.from_json(fields["setting"]),
            space,
            fields["max_params"],
            fields["steps"],
            tuple(_scores_from_json(one, space) for one in fields["scores"]),
        )


def contest_of(bench: Workbench, setting: SearchSetting) -> Contest:
    """The contest over a model and rows that are loaded; proxies score the sites."""
    job = bench.job
    return Contest(setting, bench.space, bench.budget, job.recipe.steps(len(job.task.train)), bench.score())


def _scores_as_json(scores: SiteScores) -> dict[str, object]:
    parts = {"by_site": scores.by_site, "by_rank": scores.by_rank}
    short = {name: [float(f"{one:.6g}") for one in part.ravel()] for name, part in parts.items()}
    return {"proxy": scores.proxy, "point": scores.point, **short}


def _scores_from_json(fields: dict[str, Any], space: SearchSpace) -> SiteScores:
    by_rank = np.array(fields["by_rank"]).reshape(len(space.sites), len(space.ranks))
    return SiteScores(fields["proxy"], fields["point"], space, np.array(fields["by_site"]), by_rank)
