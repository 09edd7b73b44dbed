"""How good the best was after how much training: the curve by which searches are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial
from search.show.anytime_plot import RungBest
from spaces.direction import Direction, sign_of

__all__ = ["AnytimeCurve"]


@dataclass(slots=True)
class AnytimeCurve:
    """Best value so far at every rung, against the candidate-steps of all trials; filled while they train.

    Each rung has a curve of its own, as a loss after a ninth of the training is none after all of it.
    ladder: of each trial's training. All living trials take a stretch at a time together, so that those
    between two rungs, of which nothing is told, are counted too.
    """

    ladder: Ladder
    direction: Direction
    _best: dict[int, list[tuple[int, float]]] = field(default_factory=dict)  # rung -> (steps, value)
    _clock: int = 0  # stretches since the search began
    _living: dict[int, int] = field(default_factory=dict)  # number -> clock when it was asked for
    _over: int = 0  # steps of those that are over

    def asked(self, trials: Sequence[LiveTrial]) -> None:
        """They begin now."""
        self._living |= dict.fromkeys((one.number for one in trials), self._clock)

    def judged(self, trials: Sequence[LiveTrial]) -> None:
        """They have just reported."""
        for one in trials:
            self._came_to(one, self.ladder.resources[one.reports[-1].rung])
        for one in trials:
            report, sign = one.reports[-1], sign_of(self.direction)
            known = self._best.setdefault(report.rung, [])
            if known and sign * report.value <= sign * known[-1][1]:
                continue
            if known and known[-1][0] == self.steps:
                known.pop()  # of another that was judged at once
            known.append((self.steps, report.value))

    def ended(self, trials: Sequence[LiveTrial]) -> None:
        """They take no further step."""
        for one in trials:
            if one.state == "failed":
                self._came_to(one, self._begun(one))
            del self._living[one.number]
            self._over += one.step

    def _came_to(self, trial: LiveTrial, stretches: int) -> None:
        """So many stretches after it was asked for are over."""
        self._clock = max(self._clock, self._living[trial.number] + stretches)

    def _begun(self, trial: LiveTrial) -> int:
        """Stretches of one that failed in the last of them, as far as its steps tell."""
        judged = self.ladder.resources[trial.reports[-1].rung] if trial.reports else 0
        following = range(judged + 1, self.ladder.waves + 1)
        return next(stretch for stretch in following if trial.step <= self.ladder.step_after(stretch))

    @property
    def steps(self) -> int:
        """Candidate-steps of all trials so far."""
        living = (
            min(self.ladder.steps, self.ladder.step_after(self._clock - since))
            for since in self._living.values()
        )
        return sum(living) + self._over

    @property
    def best(self) -> float | None:
        """Of the trials that were trained to their end; None before the first."""
        whole = self._best.get(len(self.ladder.rungs_at) - 1)
        return whole[-1][1] if whole else None

    @property
    def curves(self) -> tuple[RungBest, ...]:
        """Of each rung that a trial has come to, up to now: (candidate-steps, best value), each better than
        the one before but for the last, which is where the search stands."""
        at = self.ladder.rungs_at
        return tuple(
            RungBest(at[rung], at[-1], (*known, (self.steps, known[-1][1])))
            for rung, known in sorted(self._best.items())
        )

    def figure(self, title: str, value: str) -> dict[str, object]:
        """The curves for Plotly, as JSON has it: small, since it is written whenever it grows.

        value: what the first objective is called.
        """
        layout = {
            "title": {"text": title},
            "xaxis": {"title": {"text": "candidate-steps"}},
            "yaxis": {"title": {"text": f"best {value} so far"}},
            "showlegend": True,
            "legend": {"orientation": "h", "y": -0.2},
        }
        return {"data": [_trace(curve) for curve in self.curves], "layout": layout}


def _trace(curve: RungBest) -> dict[str, object]:
    """A line in steps; faint where the trainings were not over."""
    look = {"width": 3, "color": "#0072b2"} if curve.is_whole else {"width": 1, "dash": "dot"}
    return {
        "type": "scatter",
        "mode": "lines+markers",  # the first value is no line yet
        "marker": {"size": 5},
        "name": curve.name,
        "line": {"shape": "hv", **look},
        "opacity": 1.0 if curve.is_whole else 0.6,
        "x": [steps for steps, _ in curve.points],
        "y": [best for _, best in curve.points],
    }
