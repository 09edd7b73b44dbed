"""What a search found, as ``result.json`` holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from search.job.text_record import TextRecord
from search.live.live_record import LiveRecord
from search.statistics.interval import Interval
from spaces.direction import Direction

from .training_record import TrainingRecord

__all__ = [
    "THE_WINNER",
    "BestRecord",
    "FinalistRecord",
    "HeldOutRecord",
    "ProxyRecord",
    "SearchRecord",
    "SearchedSpace",
]

THE_WINNER: Final = "winner"
"""Who wrote a text: the finalist that was chosen, where it is not the baseline, which has its own name."""
_CHOSEN: Final = ("learning_rate", "scaling", "trial")
_NOT_OF_ALL: Final = ("text", "live", "study", "held_by", "known", "training", "evaluator")


@dataclass(frozen=True, slots=True)
class FinalistRecord:
    """An allocation that was fine-tuned.

    proposer, proposers: who came to it. metrics: on the validation rows by seed, None where a run failed;
    their mean and standard deviation. failures: why. difference: of the metric to the uniform allocation's.
    scores: by proxy. seconds: of all its runs. peak_memory: bytes. beside: the objective's other metrics by
    name, their means over the runs that finished. learning_rate, scaling: where they were chosen too. trial:
    its number in a live search.
    """

    proposer: str
    proposers: tuple[str, ...]
    allocation: Mapping[str, int]
    params: int
    metric_mean: float | None
    metric_sd: float | None
    metrics: Mapping[str, float | None]
    failures: tuple[str, ...]
    difference: Interval | None
    scores: Mapping[str, float]
    seconds: float
    peak_memory: int
    beside: Mapping[str, float] = field(default_factory=dict)
    learning_rate: float | None = None
    scaling: str | None = None
    trial: int | None = None

    @property
    def how(self) -> str:
        """Rate and rule, where they were chosen; else empty."""
        return "" if self.learning_rate is None else f"{self.learning_rate:g}, {self.scaling}"

    def to_json(self) -> dict[str, object]:
        """Without a rate, a rule and a trial where nobody chose any."""
        chosen = self.learning_rate is not None
        return {name: one for name, one in asdict(self).items() if chosen or name not in _CHOSEN}

    @classmethod
    def of_json(cls, known: Mapping[str, Any]) -> FinalistRecord:
        """Of what ``to_json`` gave; what else is in it is left out."""
        own = {
            one.name: known[one.name] for one in fields(cls) if one.name in known or one.name not in _CHOSEN
        }
        tuples = {"proposers": tuple(own["proposers"]), "failures": tuple(own["failures"])}
        return cls(**{**own, **tuples, "difference": _interval(own["difference"])})


@dataclass(frozen=True, slots=True)
class HeldOutRecord:
    """The metric on the rows used once: per seed, None where a run failed; its mean and spread.

    beside: the objective's other metrics by name, their means. losses: on the same rows, per seed as the
    metric; empty in what an older version wrote.
    """

    metrics: tuple[float | None, ...]
    mean: float | None
    sd: float | None
    beside: Mapping[str, float] = field(default_factory=dict)
    losses: tuple[float | None, ...] = ()

    @classmethod
    def of_json(cls, known: Mapping[str, Any] | None) -> HeldOutRecord | None:
        """None where there were no such rows."""
        if known is None:
            return None
        losses = tuple(known.get("losses", ()))
        return cls(tuple(known["metrics"]), known["mean"], known["sd"], known["beside"], losses)


@dataclass(frozen=True, slots=True)
class BestRecord:
    """The finalist that was chosen; what the rows used once say of it, and which seed's run was saved."""

    finalist: FinalistRecord
    is_baseline: bool
    test: HeldOutRecord | None
    baseline_test: HeldOutRecord | None
    test_difference: Interval | None
    saved_seed: int | None
    saved_test: float | None
    test_loss_difference: Interval | None = None

    def to_json(self) -> dict[str, object]:
        """All of it side by side, without losses where nobody wrote them down."""
        known = asdict(self)
        del known["finalist"]
        if self.test is not None and not self.test.losses:
            del known["test_loss_difference"]
        for tested in (known["test"], known["baseline_test"]):
            if tested is not None and not tested["losses"]:
                del tested["losses"]
        return {**self.finalist.to_json(), **known}

    @classmethod
    def of_json(cls, known: Mapping[str, Any]) -> BestRecord:
        return cls(
            FinalistRecord.of_json(known),
            known["is_baseline"],
            HeldOutRecord.of_json(known["test"]),
            HeldOutRecord.of_json(known["baseline_test"]),
            _interval(known["test_difference"]),
            known["saved_seed"],
            known["saved_test"],
            _interval(known.get("test_loss_difference")),
        )


@dataclass(frozen=True, slots=True)
class SearchedSpace:
    """The sites by name, what rank 1 at all of them costs, and the ranks to choose from."""

    sites: tuple[str, ...]
    params_per_rank: int
    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProxyRecord:
    """Where a proxy was evaluated, and how its scores rank the allocations that were fine-tuned."""

    point: str
    spearman: float | None
    allocations: int


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """A whole search.

    budget: in parameters. metric_title: the metric and whose it is. direction: in which it is better. rows:
    by part. notes: sentences a reader must know. finalists: best first, without the baseline. seconds: by
    stage. output: where all of it lies. text: what both wrote; None where not asked to. live: what was
    trained on the way; None where finalists alone were. study: how the names of its studies begin in a
    storage elsewhere; None where they are in its folder. held_by: the driver that has the winner's files;
    None where that is this one. known: what other experiments say of such a budget; None where nobody asked.
    training: how every run was trained; None where a table answered for the runs. evaluator: "supernet" or
    "table", which answered in place of fine-tuning; None where each finalist was fine-tuned.
    """

    verdict: str
    space: SearchedSpace
    budget: int
    metric: str
    metric_title: str
    direction: Direction
    positive_label: str | None
    rows: Mapping[str, int]
    notes: tuple[str, ...]
    baseline: FinalistRecord
    finalists: tuple[FinalistRecord, ...]
    best: BestRecord
    proxies: Mapping[str, ProxyRecord]
    seconds: Mapping[str, float]
    output: str | None
    text: TextRecord | None = None
    live: LiveRecord | None = None
    study: str | None = None
    held_by: str | None = None
    known: str | None = None
    training: TrainingRecord | None = None
    evaluator: str | None = None

    @property
    def base(self) -> str:
        """What the others are compared with, by its name: of several baselines of a live search the best."""
        return self.baseline.proposers[0]

    def to_json(self) -> dict[str, object]:
        finalists = {
            "baseline": self.baseline.to_json(),
            "finalists": tuple(one.to_json() for one in self.finalists),
            "best": self.best.to_json(),
        }
        known = {**asdict(self), **finalists}
        return {name: one for name, one in known.items() if one is not None or name not in _NOT_OF_ALL}

    @classmethod
    def of_json(cls, known: Mapping[str, Any]) -> SearchRecord:
        """Of what ``to_json`` gave, as JSON keeps it."""
        space, text = known["space"], TextRecord.of_json(known.get("text"))
        baseline = FinalistRecord.of_json(known["baseline"])
        nested = {
            "space": SearchedSpace(tuple(space["sites"]), space["params_per_rank"], tuple(space["ranks"])),
            "notes": tuple(known["notes"]),
            "baseline": baseline,
            "finalists": tuple(FinalistRecord.of_json(one) for one in known["finalists"]),
            "best": BestRecord.of_json(known["best"]),
            "proxies": {name: ProxyRecord(**one) for name, one in known["proxies"].items()},
            "text": None if text is None else text.with_baseline(baseline.proposers[0]),
            "live": LiveRecord.of_json(known.get("live")),
            "training": TrainingRecord.of_json(known.get("training")),
        }
        return cls(**{**known, **nested})


def _interval(known: Mapping[str, Any] | None) -> Interval | None:
    return None if known is None else Interval(**known)
