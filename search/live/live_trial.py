"""One trial of a live search, as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from search.sampling.configuration import Configuration
from search.sampling.proposer import Proposer
from spaces.direction import Direction, sign_of

__all__ = ["LiveTrial", "Report", "TrialState"]

TrialState = Literal["running", "complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class Report:
    """How a trial did on the validation rows where it was judged.

    rung: from 0, the last one at the end of training. step, of_steps: optimizer steps, done and in all.
    metric, loss: of the task. value: the first objective, by which trials are compared.
    """

    rung: int
    step: int
    of_steps: int
    metric: float
    loss: float
    value: float


@dataclass(frozen=True, slots=True)
class LiveTrial:
    """What a search asked to be trained, and what has come of it so far.

    Args:
        number: from 0, in the order in which trials were asked for.
        configuration: what is trained.
        proposers: everybody who came to it, the first one first.
        params: what its wires cost, in parameters.
        scores: (proxy, score of the allocation), larger is better; none where the proxies did not see all of
            its sites.
        reports: of every rung at which it was judged, in order.
        state: complete where it was trained to the end, pruned where it was stopped before.
        failure: why it failed.
        step: optimizer steps that it was trained so far.
        seconds: its share of the training time so far.
        peak_memory: bytes, of the largest cohort that it was part of.
        baseline: whether it is one that the others have to beat.
    """

    number: int
    configuration: Configuration
    proposers: tuple[Proposer, ...]
    params: int
    scores: tuple[tuple[str, float], ...]
    reports: tuple[Report, ...] = ()
    state: TrialState = "running"
    failure: str | None = None
    step: int = 0
    seconds: float = 0.0
    peak_memory: int = 0
    baseline: bool = False

    @property
    def proposer(self) -> str:
        """The names of all proposers, joined by ``+``, to be read."""
        return "+".join(map(str, self.proposers))

    @property
    def value(self) -> float | None:
        """Of the last report; None before the first."""
        return self.reports[-1].value if self.reports else None

    def place(self, direction: Direction) -> tuple[int, float, int]:
        """Sorts trials: those first that came furthest, among these the best, of equal ones the earliest.

        direction: in which a value is better.
        """
        return -len(self.reports), -sign_of(direction) * (self.value or 0.0), self.number
