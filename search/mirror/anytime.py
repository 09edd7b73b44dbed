"""How good the best was after how much training: the curve by which searches are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial
from spaces.direction import Direction, sign_of

__all__ = ["AnytimeCurve"]


@dataclass(slots=True)
class AnytimeCurve:
    """Best value of any report so far, against the candidate-steps of all trials; filled while they train.

    ladder: of each trial's training. All living trials take a stretch at a time together, so that those
    between two rungs, of which nothing is told, are counted too. points: (candidate-steps, best value), both
    of the first objective; each better than the one before.
    """

    ladder: Ladder
    direction: Direction
    points: list[tuple[int, float]] = field(default_factory=list)
    _clock: int = 0  # stretches since the search began
    _living: dict[int, int] = field(default_factory=dict)  # number -> clock when it was asked for
    _over: int = 0  # steps of those that are over

    def asked(self, trials: Sequence[LiveTrial]) -> None:
        """They begin now."""
        self._living |= dict.fromkeys((one.number for one in trials), self._clock)

    def judged(self, trials: Sequence[LiveTrial]) -> None:
        """They have just reported."""
        for one in trials:
            stretches = self.ladder.resources[one.reports[-1].rung]
            self._clock = max(self._clock, self._living[one.number] + stretches)
        sign = sign_of(self.direction)
        best = max((one.reports[-1].value for one in trials), key=lambda value: sign * value)
        if not self.points or sign * best > sign * self.points[-1][1]:
            self.points.append((self.steps, best))

    def ended(self, trials: Sequence[LiveTrial]) -> None:
        """They take no further step."""
        for one in trials:
            del self._living[one.number]
            self._over += one.step

    @property
    def steps(self) -> int:
        """Candidate-steps of all trials so far."""
        living = (
            min(self.ladder.steps, self.ladder.step_after(self._clock - since))
            for since in self._living.values()
        )
        return sum(living) + self._over

    def figure(self, title: str, value: str) -> dict[str, object]:
        """The curve for Plotly, as JSON has it: small, since it is written whenever it grows.

        value: what the first objective is called.
        """
        across = [steps for steps, _ in self.points] + ([self.steps] if self.points else [])
        up = [best for _, best in self.points] + ([self.points[-1][1]] if self.points else [])
        line = {"type": "scatter", "mode": "lines+markers", "line": {"shape": "hv"}, "x": across, "y": up}
        layout = {
            "title": {"text": title},
            "xaxis": {"title": {"text": "candidate-steps"}},
            "yaxis": {"title": {"text": f"best {value} so far"}},
        }
        return {"data": [line], "layout": layout}
