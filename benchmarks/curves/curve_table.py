"""The table: what was trained, and how each training stood at ninths of its steps."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_setting import SearchSetting
from proxies.site_scores import SiteScores
from search.sampling.configuration import Configuration
from spaces.search_space import SearchSpace
from spaces.space_record import space_from_json, space_to_json

__all__ = ["Curve", "CurveTable", "append_curve", "read_table", "write_header"]


@dataclass(frozen=True, slots=True)
class Curve:
    """One training run.

    losses, metrics: on the validation rows at each of the setting's ``judged_at``; None where they were not
    finite. seconds: of its steps alone. judging: seconds of judging it once. Both are a share of a cohort's.
    """

    configuration: Configuration
    seed: int
    losses: tuple[float | None, ...]
    metrics: tuple[float | None, ...]
    seconds: float
    judging: float


@dataclass(frozen=True, slots=True, eq=False)
class CurveTable:
    """Curves over one setting.

    max_params: the budget. steps: of a whole training. scores: of the sites, by a search's usual proxies.
    """

    setting: SearchSetting
    space: SearchSpace = field(repr=False)
    max_params: int
    steps: int
    scores: tuple[SiteScores, ...] = field(repr=False)
    curves: tuple[Curve, ...] = field(default=(), repr=False)

    @property
    def done(self) -> frozenset[tuple[Configuration, int]]:
        """What was trained: (configuration, seed)."""
        return frozenset((curve.configuration, curve.seed) for curve in self.curves)

    @property
    def judged_at(self) -> tuple[int, ...]:
        """The steps after which curves were judged."""
        return tuple(self.steps * ninth // 9 for ninth in self.setting.judged_at)


def write_header(path: Path, table: CurveTable) -> None:
    """Begins a table's file; its curves are appended."""
    header = {
        "setting": table.setting.to_json(),
        "space": json.loads(space_to_json(table.space)),
        "max_params": table.max_params,
        "steps": table.steps,
        "scores": [_scores_as_json(scores) for scores in table.scores],
    }
    path.write_text(json.dumps(header) + "\n")


def append_curve(path: Path, space: SearchSpace, curve: Curve) -> None:
    """Adds a line, which is on the disk when this returns."""
    own = curve.configuration
    line = {
        "ranks": space.rank_vector(own.allocation).tolist(),
        "learning_rate": own.learning_rate,
        "scaling": own.scaling,
        "seed": curve.seed,
        "losses": _rounded(curve.losses),
        "metrics": _rounded(curve.metrics),
        "seconds": round(curve.seconds, 3),
        "judging": round(curve.judging, 3),
    }
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_table(path: Path) -> CurveTable:
    """What stands in a file; a last line that was cut off on the way is left out, and cut off the file."""
    text = path.read_text()
    if not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        path.write_text(text)
    header, *lines = map(json.loads, text.splitlines())
    space = space_from_json(json.dumps(header["space"]))
    return CurveTable(
        SearchSetting.from_json(header["setting"]),
        space,
        header["max_params"],
        header["steps"],
        tuple(_scores_from_json(one, space) for one in header["scores"]),
        tuple(_curve(line, space) for line in lines),
    )


def _curve(line: dict[str, Any], space: SearchSpace) -> Curve:
    configuration = Configuration(space.allocation(line["ranks"]), line["learning_rate"], line["scaling"])
    losses, metrics = tuple(line["losses"]), tuple(line["metrics"])
    return Curve(configuration, line["seed"], losses, metrics, line["seconds"], line["judging"])


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 5) for value in values]


def _scores_as_json(scores: SiteScores) -> dict[str, object]:
    by_site, by_rank = (
        [float(f"{one:.6g}") for one in part.ravel()] for part in (scores.by_site, scores.by_rank)
    )
    return {"proxy": scores.proxy, "point": scores.point, "by_site": by_site, "by_rank": by_rank}


def _scores_from_json(fields: dict[str, Any], space: SearchSpace) -> SiteScores:
    by_rank = np.array(fields["by_rank"]).reshape(len(space.sites), len(space.ranks))
    return SiteScores(fields["proxy"], fields["point"], space, np.array(fields["by_site"]), by_rank)
