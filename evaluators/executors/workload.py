"""What is to be trained: what candidates share, and which candidates."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from transformers import PreTrainedModel

from evaluators.base.base_model import ModelSource
from evaluators.data.report_on import ReportOn
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.generation.answers import answers_in
from evaluators.generation.text_test import TextTest
from evaluators.store.ledger import fingerprint
from evaluators.training.candidate import Recipe, Trained
from evaluators.training.gate_policy import GatePolicy
from evaluators.training.leg import Leg
from evaluators.training.sparing import Sparing
from evaluators.training.train import train_cohort
from spaces.site import Site

__all__ = ["Trainer", "Work", "Workload"]


class Trainer(Protocol):
    """Trains legs of candidates on one device. A frozen dataclass whose fields say how
    (``base.described``), which can be sent to a process."""

    def __call__(
        self,
        model: PreTrainedModel,
        workload: Workload,
        legs: Sequence[Leg],
        on_step: Callable[[int], None],
        /,
    ) -> list[Trained]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """What every cohort of a run shares. policy: None where gates stay one. report_on: the rows that
    metric and loss are of. trainer: who trains the legs that an executor puts together. text_test: what
    they answer when they have finished, where nothing is kept that could be asked later; None: nothing.
    sparing: how memory is spared, which changes no result by more than rounding."""

    source: ModelSource
    task: Task
    sites: tuple[Site, ...]
    recipe: Recipe
    policy: GatePolicy | None = None
    report_on: ReportOn = "validation"
    trainer: Trainer = field(default_factory=lambda: in_one_cohort)
    text_test: TextTest | None = None
    sparing: Sparing = field(default_factory=Sparing)

    @property
    def rows(self) -> Rows:
        """Those to report on."""
        return self.task.test if self.report_on == "test" else self.task.validation

    @property
    def fingerprint(self) -> str:
        """Of all this, as ``Ledger`` takes it; the sites are in a candidate's allocation, unless a trainer
        of its own leaves that empty."""
        own = (self.trainer, [site.name for site in self.sites])
        how = self.policy if self.trainer is in_one_cohort else own
        asked = how if self.text_test is None else (how, self.text_test.digest)
        return fingerprint(self.source, self.task, self.recipe, asked, self.report_on)


def in_one_cohort(
    model: PreTrainedModel,
    workload: Workload,
    legs: Sequence[Leg],
    on_step: Callable[[int], None],
) -> list[Trained]:
    """The legs' candidates trained side by side, as wires of one cohort."""
    test = workload.text_test
    return train_cohort(
        model,
        workload.sites,
        workload.task,
        legs,
        workload.recipe,
        slots=len(legs),
        policy=workload.policy,
        report_on=workload.rows,
        write=None if test is None else partial(answers_in, test),
        sparing=workload.sparing,
        on_step=on_step,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Legs of one workload's candidates, of none two that end elsewhere. known: those that are not to be
    trained. together: of these the marks of their cohorts, where they have one."""

    workload: Workload
    legs: Sequence[Leg]
    known: Container[Leg] = ()
    together: Mapping[Leg, str] = field(default_factory=dict)
