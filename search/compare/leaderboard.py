"""What a comparison found, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from search.job.text_record import TextRecord
from search.methods.registry import METHODS
from spaces.counted import counted
from spaces.direction import Direction

from .arm import BASELINE, Arm
from .grid_point import GridPoint
from .questions import Finding
from .standing import Standing

__all__ = ["Leaderboard", "baseline_of"]

_LEAST_SPENT: Final = 0.95  # of the budget, by an arm that is compared at it


@dataclass(frozen=True, slots=True, eq=False)
class Leaderboard:
    """All arms, the best first, and what their runs answer.

    verdict: the answer in one sentence. metric: its name; metric_title: as a person must know it; direction:
    in which it is better; positive_label: that it is of, where it is of one. notes: sentences without which
    numbers may be misread. rows: by part, ``train``, ``validation`` and ``test``.
    baseline: the label of the arm that the others are compared with; None where there is none. grid: what the
    scaling and learning rate of each arm were chosen by. output: the folder that holds it. text: what all
    wrote; None where none was asked to.
    """

    verdict: str
    model: str
    task: str
    metric: str
    metric_title: str
    direction: Direction
    positive_label: str | None
    notes: tuple[str, ...]
    rows: Mapping[str, int]
    epochs: float
    batch_size: int
    seeds: tuple[int, ...]
    device: str
    baseline: str | None
    standings: tuple[Standing, ...]
    findings: tuple[Finding, ...]
    grid: tuple[GridPoint, ...]
    output: Path
    text: TextRecord | None = None

    @property
    def title(self) -> str:
        """What was compared on what: the model, the task, rows, epochs, seeds and the budgets."""
        return (
            f"{self.model} on {self.task}: {counted(self.rows['train'], 'row')}, "
            f"{counted(self.epochs, 'epoch')}, {counted(len(self.seeds), 'seed')}, "
            f"{self._budgets}"
        )

    @property
    def _budgets(self) -> str:
        if self.budget is not None:
            return f"budget {counted(self.budget, 'parameter')}"
        own = [one.budget for one in self.standings]
        return f"budgets from {min(own):,} to {counted(max(own), 'parameter')}"

    @property
    def budget(self) -> int | None:
        """That of all arms, in parameters; None where they have several."""
        own = {one.budget for one in self.standings}
        return own.pop() if len(own) == 1 else None

    @property
    def at_an_edge(self) -> frozenset[str]:
        """Labels of the arms for which the least or the greatest of several learning rates was chosen."""
        rates: dict[str, set[float]] = {}
        for point in self.grid:
            rates.setdefault(point.label, set()).add(point.learning_rate)
        return frozenset(
            one.label
            for one in self.standings
            if len(own := rates.get(one.label, set())) > 1 and one.learning_rate in (min(own), max(own))
        )

    @property
    def off_the_budget(self) -> dict[str, int]:
        """By label, the parameters at the end of arms that are above their budget then, or well below it."""
        outside = {name for name, method in METHODS.items() if not method.adapter}
        return {
            one.label: one.end
            for one in self.standings
            if one.end is not None
            and one.method not in outside
            and not _LEAST_SPENT * one.budget <= one.end <= one.budget
        }

    def to_json(self) -> dict[str, object]:
        """What ``leaderboard.json`` holds."""
        text = {} if self.text is None else {"text": asdict(self.text)}
        return {
            "verdict": self.verdict,
            "model": self.model,
            "task": self.task,
            "metric": self.metric,
            "metric_title": self.metric_title,
            "direction": self.direction,
            "positive_label": self.positive_label,
            "notes": list(self.notes),
            "rows": dict(self.rows),
            "budget": self.budget,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "seeds": list(self.seeds),
            "device": self.device,
            "baseline": self.baseline,
            "leaderboard": [one.to_json() for one in self.standings],
            "answers": [one.to_json() for one in self.findings],
            "tuning": [one.to_json() for one in self.grid],
            **text,
            "output": str(self.output),
        }


def baseline_of(arms: Sequence[Arm]) -> str | None:
    """The label of plain LoRA in the space that all arms share; or else of the LoRA whose space most of the
    arms have, the first of several. There may be none."""
    spaces = [arm.space for arm in arms]
    uniform = {arm.label: spaces.count(arm.space) for arm in arms if arm.name == BASELINE}
    return BASELINE if BASELINE in uniform else max(uniform, key=lambda label: uniform[label], default=None)
