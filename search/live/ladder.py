"""When trials are judged: the stretches of their training, and the rungs between them."""

from __future__ import annotations

from dataclasses import dataclass

from spaces.counted import counted
from spaces.errors import UsageError

__all__ = ["Ladder"]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A training of ``steps`` optimizer steps in eta**rungs equal stretches; a trial is judged after 1, eta,
    eta**2, ... of them, the last time at its end. eta: 0 where it is trained in one.

    Raises UsageError where there are fewer steps than stretches.

    >>> ladder = Ladder(steps=100, eta=3, rungs=2)
    >>> ladder.waves, ladder.rungs_at
    (9, (11, 33, 100))
    >>> [ladder.rung_after(wave) for wave in (1, 2, 3, 9)]
    [0, None, 1, 2]
    """

    steps: int
    eta: int
    rungs: int

    def __post_init__(self) -> None:
        if self.steps < self.waves:
            raise UsageError(
                f"`halving={self.eta}` with `rungs={self.rungs}` judges trials after 1/{self.waves} of their "
                f"training, which has only {counted(self.steps, 'step')}; train longer (`epochs`), give "
                "fewer `rungs`, or `halving=0`."
            )

    @property
    def waves(self) -> int:
        """Stretches of a whole training."""
        return self.eta**self.rungs if self.eta else 1

    @property
    def resources(self) -> tuple[int, ...]:
        """Stretches that lie before each rung, ascending; the last is ``waves``."""
        return tuple(self.eta**rung for rung in range(self.rungs + 1)) if self.eta else (1,)

    @property
    def rungs_at(self) -> tuple[int, ...]:
        """Steps at which a trial is judged, ascending; the last is ``steps``."""
        return tuple(map(self.step_after, self.resources))

    def step_after(self, wave: int) -> int:
        """Steps that a trial has been trained after so many stretches."""
        return round(self.steps * wave / self.waves)

    def rung_after(self, wave: int) -> int | None:
        """The rung, from 0, at which a trial stands after so many stretches; None between two."""
        return self.resources.index(wave) if wave in self.resources else None
