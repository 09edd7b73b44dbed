"""PEFT's own methods on the same task, batches, schedule and recipe as ours."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Final, cast

import numpy as np
import torch
from peft import (
    AdaLoraConfig,
    AdaLoraModel,
    LoraConfig,
    PeftConfig,
    PeftModel,
    initialize_lora_eva_weights,
)
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.task_objective import TaskObjective
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.head import Head
from spaces.recompute import recomputed
from spaces.stacked import Stacked

from .adamw import linear_schedule
from .candidate import Candidate, Course, Evaluation, Recipe, Trained
from .data_order import batches_from, in_length_order
from .diverged import loss_diverged, outputs_diverged
from .gate_policy import NeverActedError
from .leg import Leg
from .memory import (
    give_back_unused,
    is_out_of_memory,
    peak_memory,
    reset_peak_memory,
    why_it_did_not_fit,
)
from .prefixed import prefixed
from .sparing import MicroBatches, targets_in
from .with_adapter import TRAINED_HEAD, adapter_params, is_eva, with_adapter

__all__ = ["train_with_peft"]

_EVA_BATCHES: Final = 128  # EVA goes round them until its components stay; they are kept in memory

_Write = Callable[[PreTrainedModel], tuple[str, ...]]
"""What a model answers to prompts."""


def _nothing(_: object) -> None:
    """What a hook does that nobody has set."""


def train_with_peft(
    config: PeftConfig,
    model: PreTrainedModel,
    task: Task,
    recipe: Recipe,
    *,
    seed: int,
    learning_rate: float,
    report_on: Rows,
    write: _Write | None = None,
    prepare: Callable[[PeftModel], None] = _nothing,
    micro_batch_size: int | None = None,
    recompute: bool = False,
    on_step: Callable[[int], None] = _nothing,
) -> Trained:
    """One candidate, trained by PEFT on a twin of the model and evaluated on ``report_on``.

    The head's initial weights, the batches, the schedule, the clipping and the missing dropout are those of
    ``train_cohort``; what PEFT draws itself comes from torch's generator under ``seed``. The recipe's
    scaling and renorm are the config's business. The course has no allocation; its numbers are of everything
    trained but the head.

    Args:
        config: of one of PEFT's methods.
        model: the frozen base model, whose weights are shared (``with_adapter``).
        task: rows and objective.
        recipe: epochs, batch size, decay, warm-up and clipping.
        seed: of the head, of the data's order and of what PEFT draws.
        learning_rate: the highest of the schedule.
        report_on: the rows that metric and loss are of.
        write: what it is to write when it has finished; None: nothing.
        prepare: last change to the model before it trains, after EVA's where the config asks for that.
        micro_batch_size: rows in a forward pass, at most (``Sparing``); halved where they do not fit.
        recompute: whether blocks are computed again in the backward pass (gradient checkpointing);
            not where PEFT adds to the input, whose prefix a block that is computed again would not see.
        on_step: called with 1 after each step.

    Raises NeverActedError where AdaLoRA's cut was not over by the last step, and
    InputError where EVA has too few tokens.
    """
    micro_batches = MicroBatches(micro_batch_size or recipe.batch_size, adapts=True)
    run = _PeftRun(Candidate(Allocation.of({}), seed, learning_rate), task, recipe, micro_batches, recompute)
    reset_peak_memory(model.device)
    try:
        tuned = run.started(config, model)
        prepare(tuned)
        failure = run.train(tuned, on_step)
        return run.failed(failure) if failure else run.finished(tuned, report_on, write)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return run.failed(why_it_did_not_fit(error), may_pass=True)


class _PeftRun:
    """One candidate on its way."""

    def __init__(
        self, candidate: Candidate, task: Task, recipe: Recipe, micro_batches: MicroBatches, recompute: bool
    ) -> None:
        self.candidate, self.task, self.recipe = candidate, task, recipe
        self.micro_batches, self.recompute = micro_batches, recompute
        self.objective = task.objective
        self.total = recipe.steps(len(task.train))
        self.curve: list[float] = []
        self.began = time.perf_counter()

    def started(self, config: PeftConfig, model: PreTrainedModel) -> PeftModel:
        """The model as it is before the first step."""
        seed, cuda = self.candidate.seed, model.device.type == "cuda"
        with torch.random.fork_rng(devices=[model.device] if cuda else []):
            torch.manual_seed(seed)
            tuned = with_adapter(config, model, self.objective)
            if is_eva(config):
                self._initialise_eva(tuned, config)
        modules = self.objective.head(model)
        head = Head.of(model, modules, Stacked(Head.shapes(modules), 1, device=model.device))
        head.load(0, seed=seed)
        with torch.no_grad():
            for name, tensor in head.trained(0).items():
                module, _, rest = name.removeprefix("head.").partition(".")
                tuned.get_base_model().get_parameter(f"{module}{TRAINED_HEAD}.{rest}").copy_(tensor)
        # so that the loss of the model's own forward pass is ours
        tuned.config.problem_type = self.objective.problem_type
        return tuned

    def train(self, tuned: PeftModel, on_step: Callable[[int], None]) -> str | None:
        """All steps; the reason where it diverged."""
        parameters = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
        rate, decay = self.candidate.learning_rate, self.recipe.weight_decay
        optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
        for step, batch in enumerate(islice(self._batches(), self.total)):
            loss = self._gradient(tuned, batch)
            torch.nn.utils.clip_grad_norm_(parameters, self.recipe.max_grad_norm)
            schedule = linear_schedule(step, self.total, warmup=self.recipe.warmup)
            optimizer.param_groups[0]["lr"] = rate * schedule
            optimizer.step()
            self.curve.append(loss)
            on_step(1)
            if not math.isfinite(loss):
                return loss_diverged(loss, step=step + 1, total=self.total, learning_rate=rate)
            if isinstance(tuned.base_model, AdaLoraModel):
                tuned.base_model.update_and_allocate(step)  # reads the gradients of this step
        return None

    def _gradient(self, tuned: PeftModel, batch: np.ndarray) -> float:
        """Of all the batch's rows, into the parameters; their mean loss."""
        while True:
            tuned.zero_grad()
            try:
                parts = [part for (part,) in self.micro_batches.parts([batch])]
                among = None if len(parts) == 1 else targets_in(self.objective, self.task.train, batch)
                return sum(self._part_of_gradient(tuned, part, among) for part in parts)
            except (RuntimeError, MemoryError) as error:
                if not self.micro_batches.shrink(error, len(batch)):
                    raise
            give_back_unused(tuned.device)

    def _part_of_gradient(self, tuned: PeftModel, part: np.ndarray, among: Tensor | None) -> float:
        """That of some rows of a batch, added; their share of its loss.

        among: the targets of the whole batch; None where these rows are all of it.
        """
        rows = batch_of(tuned, self.task.train, part)
        with self._recomputed(tuned):
            # with labels AdaLoRA's forward adds its orthogonality penalty to the loss
            output = tuned(**rows.inputs, labels=rows.labels)
            losses = self.objective.losses_of(output.logits.detach(), rows.labels)
            own = losses.counts.sum()
            targets = own if among is None else among.to(own)
            if own > 0:  # else PEFT's mean of them is not a number
                (output.loss * (own / targets)).backward()
        return float(losses.sums.sum() / targets)

    def _recomputed(self, tuned: PeftModel) -> AbstractContextManager[None]:
        prompted = tuned.active_peft_config.is_prompt_learning
        return recomputed(_asked(tuned), []) if self.recompute and not prompted else nullcontext()

    def finished(self, tuned: PeftModel, report_on: Rows, write: _Write | None) -> Trained:
        """The evaluation of what was trained, and what it writes."""
        outputs = _outputs(tuned, self.objective, report_on, self.recipe.eval_batch_size)
        score = self.objective.score(outputs, report_on.labels)
        if score is None:
            return self.failed(outputs_diverged(self.candidate.learning_rate))
        seconds, memory = time.perf_counter() - self.began, peak_memory(tuned.device)
        answers = None if write is None else write(_asked(tuned))
        curve = tuple(self.curve)
        evaluation = Evaluation(
            self.candidate, score.metric, score.loss, None, curve, seconds, memory, score.beside
        )
        peak = adapter_params(tuned)
        end = _unmasked(tuned.base_model) if isinstance(tuned.base_model, AdaLoraModel) else peak
        return Trained(evaluation, {}, Course(Allocation.of({}), peak, float(peak), end, ()), answers)

    def failed(self, reason: str, *, may_pass: bool = False) -> Trained:
        seconds, curve = time.perf_counter() - self.began, tuple(self.curve)
        return Leg(self.candidate).failed(reason, curve=curve, seconds=seconds, may_pass=may_pass)

    def _batches(self) -> Iterator[np.ndarray]:
        lengths = np.array([len(ids) for ids in self.task.train.input_ids])
        return batches_from(lengths, self.recipe.batch_size, seed=self.candidate.seed)

    def _initialise_eva(self, tuned: PeftModel, config: LoraConfig) -> None:
        """A from the principal components of the sites' inputs on the training batches."""
        assert config.eva_config is not None
        components = round(config.r * config.eva_config.rho)
        once = -(-len(self.task.train) // self.recipe.batch_size)
        batches = list(islice(self._batches(), min(once, _EVA_BATCHES)))
        inputs = [dict(batch_of(tuned, self.task.train, batch).inputs) for batch in batches]
        enough = [one for one in inputs if int(one["attention_mask"].sum()) >= components]
        if not enough:  # PEFT skips each such batch, and would go round for ever
            raise InputError(
                f"EVA needs a batch of at least {counted(components, 'token')} at rank {config.r}; "
                "raise `batch_size`, "
                "or lower `budget`."
            )
        try:
            initialize_lora_eva_weights(tuned, enough, show_progress_bar=False)
        except IndexError as error:  # DeBERTa's shared projections also see its positions, one row of them
            raise InputError(
                "PEFT's EVA cannot be used where a linear sees more than the batch's rows; leave it out."
            ) from error


@torch.no_grad()
def _outputs(tuned: PeftModel, objective: TaskObjective, rows: Rows, size: int) -> Tensor:
    """(rows, k), in the rows' order, on the CPU."""
    in_parts = objective.architecture == "causal_lm" and tuned.active_peft_config.is_prompt_learning
    with prefixed(tuned) if in_parts else nullcontext(_asked(tuned)) as model:
        return in_length_order(
            rows, size, lambda indices: objective.outputs(model, batch_of(tuned, rows, indices))
        )


def _asked(tuned: PeftModel) -> PreTrainedModel:
    """What is run: the copy that has PEFT's layers in it, or PEFT's own model where it adds to the input."""
    prompted = tuned.active_peft_config.is_prompt_learning
    return cast("PreTrainedModel", tuned if prompted else tuned.get_base_model())


def _unmasked(adalora: AdaLoraModel) -> int:
    """Parameters of the ranks that AdaLoRA has left; raises NeverActedError where they are too many."""
    config = adalora.peft_config["default"]
    assert isinstance(config, AdaLoraConfig)
    pattern: dict[str, list[bool]] = config.rank_pattern or {}
    if not 0 < sum(map(sum, pattern.values())) <= config.target_r * len(pattern):
        raise NeverActedError(
            f"peft-adalora: ranks were not cut to target_r={config.target_r}, with tinit={config.tinit}, "
            f"tfinal={config.tfinal} and total_step={config.total_step}; train for more steps."
        )
    params = 0
    for name, left in pattern.items():
        layer = adalora.model.get_submodule(name.rpartition(".lora_E")[0])
        params += sum(left) * (layer.in_features + layer.out_features + 1)
    return params
