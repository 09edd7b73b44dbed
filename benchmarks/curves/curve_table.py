"""The table: what was trained, and how each training stood at ninths of its steps."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contest import Contest
from search.sampling.configuration import Configuration
from spaces.search_space import SearchSpace

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
    """Curves of one contest."""

    contest: Contest
    curves: tuple[Curve, ...] = field(default=(), repr=False)

    @property
    def done(self) -> frozenset[tuple[Configuration, int]]:
        """What was trained: (configuration, seed)."""
        return frozenset((curve.configuration, curve.seed) for curve in self.curves)


def write_header(path: Path, contest: Contest) -> None:
    """Begins a table's file; its curves are appended."""
    path.write_text(json.dumps(contest.to_json()) + "\n")


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
    contest = Contest.from_json(header)
    return CurveTable(contest, tuple(_curve(line, contest.space) for line in lines))


def _curve(line: dict[str, Any], space: SearchSpace) -> Curve:
    configuration = Configuration(space.allocation(line["ranks"]), line["learning_rate"], line["scaling"])
    losses, metrics = tuple(line["losses"]), tuple(line["metrics"])
    return Curve(configuration, line["seed"], losses, metrics, line["seconds"], line["judging"])


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 5) for value in values]
