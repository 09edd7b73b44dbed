"""What a benchmark table is made of: allocations of a stratum, each with its fine-tuning runs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from evaluators.training.candidate import Candidate, Evaluation
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.scaling import SCALING_RULES

__all__ = ["Entry", "Stratum", "StratumKind", "StratumNames"]

StratumKind = Literal["budget", "only", "without"]
_BEGUN: Final[Mapping[StratumKind, str]] = {
    "budget": "",
    "only": "one site alone, up to ",
    "without": "all sites but one, up to ",
}
_NAMED: Final = re.compile(rf"({'|'.join(_BEGUN.values())})[\d,]+ parameters?, [^,]+, lr [^,]+")


@dataclass(frozen=True, slots=True)
class Stratum:
    """What the allocations of one comparison share.

    kind: allocations of equal cost ("budget"), one site alone ("only") or the uniform allocation with one
    site left out ("without"). max_params: parameters that an allocation may have; of "only", the dearest
    single wire. scaling: a rule of ``SCALING_RULES``.
    """

    kind: StratumKind
    max_params: int
    scaling: str
    learning_rate: float

    def __post_init__(self) -> None:
        if self.kind not in get_args(StratumKind):
            raise ValueError(f"kind={self.kind!r} is unknown; choose one of {list(get_args(StratumKind))}.")
        if self.scaling not in SCALING_RULES:
            raise ValueError(f"scaling={self.scaling!r} is unknown; choose one of {list(SCALING_RULES)}.")
        if self.max_params < 1 or not 0 < self.learning_rate < math.inf:
            raise ValueError(
                f"max_params={self.max_params} must be at least 1 and learning_rate={self.learning_rate} "
                "positive and finite."
            )

    @property
    def name(self) -> str:
        """One line that no other stratum has, as ``99,840 parameters, alpha/r, lr 0.003``."""
        rate = float(self.learning_rate)
        return f"{_BEGUN[self.kind]}{counted(self.max_params, 'parameter')}, {self.scaling}, lr {rate}"


class StratumNames:
    """All names that a stratum may have, whichever it is.

    >>> [name in StratumNames() for name in ("99,840 parameters, alpha/r, lr 0.003", "99,840 parameters")]
    [True, False]
    """

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _NAMED.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """One allocation of a stratum with its fine-tuning runs.

    origins: who drew it, as ``uniform``, ``random``, ``grad_norm/exact``; at least one. params: of its
    wires. scores: (proxy, score), larger is better, finite. runs: one per seed, ascending by seed.
    """

    stratum: Stratum
    allocation: Allocation
    origins: tuple[str, ...]
    params: int
    scores: tuple[tuple[str, float], ...]
    runs: tuple[Evaluation, ...]

    def __post_init__(self) -> None:
        if not self.origins:
            raise ValueError(f"origins of {self.allocation} are empty; name who drew it, as in ('random',).")
        if self.params > self.stratum.max_params:
            raise ValueError(
                f"{self} costs {counted(self.params, 'parameter')}, above the stratum's "
                f"{self.stratum.max_params:,}; "
                "compare it in a stratum of its own budget."
            )
        for proxy, score in self.scores:
            if not math.isfinite(score):
                raise ValueError(f"{self} has {proxy}={score}; scores must be finite, leave the proxy out.")
        if len(set(self.proxies)) != len(self.proxies):
            raise ValueError(f"{self} has the proxies {list(self.proxies)}; give each one once.")
        if not self.runs or list(self.seeds) != sorted(set(self.seeds)):
            raise ValueError(
                f"{self} has runs of the seeds {list(self.seeds)}; give one run per seed, ascending, "
                "and at least one."
            )
        for run in self.runs:
            one, stratum = run.candidate, self.stratum
            own = Candidate(self.allocation, one.seed, stratum.learning_rate, one.scaling)
            if one != own or one.scaling not in (None, stratum.scaling):
                raise ValueError(
                    f"{self} holds a run of another allocation, scaling or learning rate (seed {one.seed}); "
                    "give the runs of its own."
                )

    def __str__(self) -> str:
        return f"the allocation of {self.origins[0]} in {self.stratum.name!r}"

    @property
    def proxies(self) -> tuple[str, ...]:
        """Names of the proxies that scored it."""
        return tuple(proxy for proxy, _ in self.scores)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of its runs."""
        return tuple(run.candidate.seed for run in self.runs)
