"""PEFT's own methods as arms: trained by PEFT's code, on the same rows, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from peft import PeftConfig
from transformers import PreTrainedModel

from evaluators.executors.workload import Workload
from evaluators.generation.answers import model_answers
from evaluators.training.candidate import Trained
from evaluators.training.leg import Leg
from evaluators.training.train_with_peft import train_with_peft

from .peft_configs import REFEREES, PeftCase

__all__ = ["Referee"]


@dataclass(frozen=True, slots=True)
class Referee:
    """A ``Trainer`` that leaves it all to PEFT. name: of ``REFEREES``. max_params: without the head."""

    name: str
    max_params: int

    def config(self, model: PreTrainedModel, workload: Workload) -> PeftConfig:
        """The largest within the budget; raises InputError where there is none."""
        return REFEREES[self.name](
            PeftCase(model, workload.sites, self.max_params, workload.task, workload.recipe)
        )

    def __call__(
        self,
        model: PreTrainedModel,
        workload: Workload,
        legs: Sequence[Leg],
        on_step: Callable[[int], None],
    ) -> list[Trained]:
        """One candidate after the other; raises ValueError on a leg that is not whole."""
        if not all(leg.is_whole for leg in legs):
            raise ValueError("PEFT's own training cannot pause; give it whole legs.")
        config, test, size = self.config(model, workload), workload.text_test, workload.recipe.eval_batch_size
        return [
            train_with_peft(
                config,
                model,
                workload.task,
                workload.recipe,
                seed=leg.candidate.seed,
                learning_rate=leg.candidate.learning_rate,
                report_on=workload.rows,
                write=None if test is None else partial(model_answers, test, size=size),
                micro_batch_size=workload.sparing.micro_batch_size,
                recompute=workload.sparing.gradient_checkpointing,
                on_step=on_step,
            )
            for leg in legs
        ]
