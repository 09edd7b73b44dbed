"""What the benchmarks of searches have in common: model, task, space, budget, and what may be chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from search.run.set_up import setup
from search.run.workbench import Workbench
from spaces.scaling import Rule

__all__ = ["SearchSetting"]


@dataclass(frozen=True, slots=True)
class SearchSetting:
    """The embedded MiniLM on rows of SST-2, on linears alone, since peft has nothing for the shortcuts.

    rates, scalings: what a trial may have, each with each. judged_at: ninths of the steps. scoring_batches:
    of which proxies are made.
    """

    space: str = "lora[all]"
    budget: str = "r=4"
    rates: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    scalings: tuple[Rule, ...] = ("alpha/r", "alpha/sqrt(r)")
    train_rows: int = 864
    eval_rows: int = 200
    batch_size: int = 4
    epochs: float = 1.0
    scoring_batches: int = 8
    judged_at: tuple[int, ...] = (1, 2, 3, 6, 9)

    def __post_init__(self) -> None:
        unknown = set(self.scalings) - set(get_args(Rule))
        if unknown or not set(self.judged_at) <= set(range(1, 10)) or self.judged_at[-1] != 9:
            raise ValueError(
                f"scalings={self.scalings} and judged_at={self.judged_at} must be rules, and ninths."
            )

    @property
    def grid(self) -> tuple[tuple[float, Rule], ...]:
        """Every rate with every scaling rule."""
        return tuple((rate, rule) for rule in self.scalings for rate in self.rates)

    def bench(self, train: Path, evaluation: Path) -> Workbench:
        """The model and the rows of these files, loaded; by one thread."""
        return setup(
            train=train,
            eval=evaluation,
            space=self.space,
            budget=self.budget,
            train_rows=self.train_rows,
            eval_rows=self.eval_rows,
            batch_size=self.batch_size,
            epochs=self.epochs,
            scoring_batches=self.scoring_batches,
            threads=1,
        )

    def to_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> SearchSetting:
        """What ``to_json`` gave."""
        return cls(**{name: tuple(one) if isinstance(one, list) else one for name, one in fields.items()})
