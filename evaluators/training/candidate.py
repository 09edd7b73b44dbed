"""What is trained, how, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from torch import Tensor

from spaces.allocation import Allocation
from spaces.errors import InputError, UsageError
from spaces.hooks import Renorm
from spaces.scaling import Rule, Scaling, check_rule

from .data_order import steps_per_epoch
from .state import State

__all__ = ["Candidate", "Course", "Evaluation", "History", "Recipe", "Trained", "refuse_other_weights"]

History = tuple[tuple[int, Allocation], ...]
"""(step, ranks from that step on), ascending; empty where the ranks did not change on the way."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One training run: an allocation, the seed of its weights and data order, a learning rate.

    scaling: the rule of its wires' factors; None: the recipe's.
    """

    allocation: Allocation
    seed: int
    learning_rate: float
    scaling: Rule | None = None

    def __post_init__(self) -> None:
        if self.scaling is not None:
            check_rule(self.scaling)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything about fine-tuning that candidates of one run share.

    epochs: may be a fraction. batch_size: rows of one candidate's step. warmup: share of the steps
    over which the learning rate rises linearly before it falls linearly to 0. max_grad_norm: bound of
    each candidate's own gradient norm. The base model runs without dropout, so that what a candidate
    learns does not depend on its neighbours in the cohort.
    """

    epochs: float = 1.0
    batch_size: int = 16
    eval_batch_size: int = 64
    weight_decay: float = 0.01
    warmup: float = 0.06
    max_grad_norm: float = 1.0
    scaling: Scaling = field(default_factory=Scaling)
    renorm: Renorm = "preserve"

    def __post_init__(self) -> None:
        positive = {"epochs": self.epochs, "batch_size": self.batch_size, "max_grad_norm": self.max_grad_norm}
        for name, value in positive.items():
            if not 0 < value < math.inf:
                raise UsageError(f"`{name}={value}` must be above 0 and finite.")
        if not 0 <= self.warmup <= 1:
            raise UsageError(f"`warmup={self.warmup}` must lie in [0, 1], a share of the steps.")
        if not 0 <= self.weight_decay < math.inf:
            raise UsageError(f"`weight_decay={self.weight_decay}` must be at least 0 and finite.")
        if self.renorm not in ("preserve", "paper"):
            raise UsageError(f"`renorm={self.renorm!r}` is unknown; choose preserve or paper.")

    def steps(self, rows: int) -> int:
        """Optimizer steps that a candidate takes on so many training rows; at least 1."""
        return max(1, round(self.epochs * steps_per_epoch(rows, self.batch_size)))

    def rows_judged_at_once(self, candidates: int) -> int:
        """Rows that each of so many candidates is asked for at once: ``eval_batch_size`` in all, but no fewer
        than its step has, which take more memory: a large cohort on a GPU would wait for every row."""
        return max(self.batch_size, self.eval_batch_size // candidates)

    def scaling_of(self, candidate: Candidate) -> Scaling:
        """The factors of a candidate's wires: by its own rule where it has one, at the recipe's alphas.

        >>> from spaces.allocation import Allocation
        >>> Recipe().scaling_of(Candidate(Allocation.of({}), 0, 1e-3, scaling="constant")).rule
        'constant'
        """
        return self.scaling if candidate.scaling is None else replace(self.scaling, rule=candidate.scaling)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How one candidate did on the validation rows.

    metric, loss: of the task, on those rows; None where the candidate failed, with its reason in
    ``failure``, and where it paused and was not judged. curve: mean training loss of every step. seconds: its
    equal share of the time of every step that it was part of. peak_memory: bytes, of the whole cohort (on a
    CPU: of its process meanwhile). beside: (name, value) of the objective's other metrics on the same rows;
    none where it failed. may_pass: whether the failure is the machine's and no candidate's (memory ran out,
    its process died), so that another start may do without it.
    """

    candidate: Candidate
    metric: float | None
    loss: float | None
    failure: str | None
    curve: tuple[float, ...]
    seconds: float
    peak_memory: int
    beside: tuple[tuple[str, float], ...] = ()
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """How many parameters a candidate trained on its way, the head left out, and where it ended.

    allocation: the ranks at its end, the dead ones cut away. peak, average: over the steps, of the parameters
    that the optimizer moved in one, gates that learn among them. end: how many are left at the end. adapter:
    False where weights of the base model were trained or replaced, so that the tensors alone are no model.
    """

    allocation: Allocation
    peak: int
    average: float
    end: int
    history: History
    adapter: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """An evaluation with the tensors that were trained (none where it failed or paused), on the CPU.

    Keys: ``layers.3.q.A`` (r, d_in), ``layers.3.q.B`` (d_out, r), ``head.classifier.weight`` and so on.
    course: None where it failed or paused, and where it is not known what happened on the way. answers: to
    the prompts of a test of text, which it wrote before weights went that are not kept; None where it was not
    asked to. state: where it stands, if it paused; None where it has ended. together: a mark of all that
    trained beside it, by which they are told to have been one cohort.
    """

    evaluation: Evaluation
    tensors: dict[str, Tensor] = field(repr=False)
    course: Course | None = field(default=None, repr=False)
    answers: tuple[str, ...] | None = field(default=None, repr=False)
    state: State | None = field(default=None, repr=False)
    together: str = field(default="", repr=False)

    @property
    def allocation(self) -> Allocation:
        """The ranks at its end: the candidate's own, unless a gate policy changed them."""
        return self.evaluation.candidate.allocation if self.course is None else self.course.allocation


def refuse_other_weights(trained: Trained) -> None:
    """Raises InputError where the base model's own weights were trained, which are not kept."""
    if trained.course is not None and not trained.course.adapter:
        raise InputError(
            "this candidate trained weights of the base model, which are not kept: it can be neither saved "
            "as an adapter nor scored again; name the rows to report on when it trains."
        )
