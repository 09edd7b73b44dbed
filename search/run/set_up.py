"""From plain arguments to a job that can be worked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from search.job.ground import load_ground
from search.job.job_settings import JobSettings
from search.job.machine import Machine, machine_of
from search.job.prepare import prepare
from search.job.progress import Progress, silent
from search.job.right_type import path_of, several
from search.job.settings import (
    DataSettings,
    GenerationSettings,
    MachineSettings,
    ModelSettings,
    ObjectiveName,
    ScoringSettings,
    SpaceSettings,
    TrainingSettings,
)
from spaces.budget import written_budget
from spaces.errors import UsageError
from spaces.hooks import Renorm
from spaces.scaling import Rule
from spaces.search_space import written_ranks

from .own_names import own_names
from .workbench import Workbench

__all__ = ["asked_by", "setup", "workbench_of"]

_SPACE, _MODEL, _DATA = SpaceSettings(), ModelSettings(), DataSettings()
_OWN_NAMES: Final = {"train_file": "train", "eval_file": "eval"}
_SCORING, _TRAINING, _MACHINE = ScoringSettings(), TrainingSettings(), MachineSettings()
_TEXT: Final = GenerationSettings()


def setup(
    *,
    model: str | Path | None = _MODEL.model,
    train: str | Path | None = _DATA.train_file,
    eval: str | Path | None = _DATA.eval_file,
    task: str | None = _DATA.task,
    space: str = _SPACE.space,
    budget: str | int = _SPACE.budget,
    ranks: str | Sequence[int] | None = _SPACE.ranks,
    scaling: Rule | None = _SPACE.scaling,
    renorm: Renorm = _SPACE.renorm,
    lora_alpha: float = _SPACE.lora_alpha,
    shortcut_alpha: float = _SPACE.shortcut_alpha,
    dtype: Literal["float32", "bfloat16"] = _MODEL.dtype,
    load_in_4bit: bool = _MODEL.load_in_4bit,
    load_in_8bit: bool = _MODEL.load_in_8bit,
    objective: ObjectiveName = _DATA.objective,
    text_columns: str | Sequence[str] | None = _DATA.text_columns,
    label_column: str | None = _DATA.label_column,
    prompt_column: str | None = _DATA.prompt_column,
    completion_column: str | None = _DATA.completion_column,
    completion_only_loss: bool = _DATA.completion_only_loss,
    assistant_only_loss: bool = _DATA.assistant_only_loss,
    task_name: str | None = _DATA.task_name,
    metric: str | None = _DATA.metric,
    positive_label: str | None = _DATA.positive_label,
    max_length: int | None = _DATA.max_length,
    train_rows: int | None = _DATA.train_rows,
    eval_rows: int | None = _DATA.eval_rows,
    scoring_batches: int = _SCORING.scoring_batches,
    scoring_batch_size: int = _SCORING.scoring_batch_size,
    warm_up_steps: int = _SCORING.warm_up_steps,
    scoring_memory: str | None = _SCORING.scoring_memory,
    seeds: int = _TRAINING.seeds,
    epochs: float = _TRAINING.epochs,
    lr: float | None = _TRAINING.lr,
    batch_size: int = _TRAINING.batch_size,
    weight_decay: float = _TRAINING.weight_decay,
    warmup: float = _TRAINING.warmup,
    max_grad_norm: float = _TRAINING.max_grad_norm,
    seed: int = _TRAINING.seed,
    gradient_checkpointing: bool = _TRAINING.gradient_checkpointing,
    micro_batch_size: int | None = _TRAINING.micro_batch_size,
    device: str = _MACHINE.device,
    devices: str | Sequence[str] | None = _MACHINE.devices,
    jobs: int | None = _MACHINE.jobs,
    cohort_size: int | None = _MACHINE.cohort_size,
    threads: int | None = _MACHINE.threads,
    dask: str | None = _MACHINE.dask,
    generate: bool = _TEXT.generate,
    beams: int | None = _TEXT.beams,
    length_penalty: float | None = _TEXT.length_penalty,
    no_repeat_ngram: int | None = _TEXT.no_repeat_ngram,
    max_new_tokens: int | None = _TEXT.max_new_tokens,
    generate_rows: int | None = _TEXT.generate_rows,
    text_metrics: str | Sequence[str] | None = _TEXT.text_metrics,
    progress: Progress = silent,
) -> Workbench:
    """A model, a task, a space and a budget, loaded and checked, to be worked with.

    Every argument is the option of ``rankscape run`` of that name, and means what its help says of it;
    ``train`` and ``eval`` are its ``train_file`` and ``eval_file``. A budget may be a number of parameters,
    ranks a list of them, and where several names may stand one may stand alone. Without any of them: the
    embedded MiniLM on the embedded Rotten Tomatoes. progress: is told how far work is.

    Raises UsageError or InputError on what cannot be used.

    >>> import search
    >>> bench = search.setup(space="lora[q,v]", budget="r=2", train_rows=8, eval_rows=8)
    >>> bench.budget, bench.uniform().rank("layers.0.q")
    (18432, 2)
    """
    given = dict(locals())  # before anything else has a name here
    with own_names(_OWN_NAMES):
        asked = asked_by(given)
        there = machine_of(asked.machine)
        try:
            return workbench_of(asked, there, progress)
        except BaseException:
            there.release()
            raise


def asked_by(given: Mapping[str, Any]) -> JobSettings:
    """What these arguments of ``setup`` ask for, all of them by name; what else is there is nobody's.

    Raises UsageError on what cannot be used.
    """
    train, evaluated, ranks = given["train"], given["eval"], given["ranks"]
    meant = {
        "model": _place_of(given["model"]),
        "train_file": None if train is None else path_of("train", train),
        "eval_file": None if evaluated is None else path_of("eval", evaluated),
        "budget": written_budget(given["budget"]),
        "ranks": None if ranks is None else written_ranks(ranks),
        **{name: several(given[name]) for name in ("text_columns", "devices", "text_metrics")},
    }
    return JobSettings.of({**given, **meant})


def workbench_of(asked: JobSettings, machine: Machine, progress: Progress = silent) -> Workbench:
    """The model and the task loaded, and settled what a job over them is; as commands have it.

    Raises UsageError or InputError on what cannot be used.
    """
    job = prepare(load_ground(asked, machine), asked.space, asked.training, asked.scoring)
    return Workbench(job, asked, progress)


def _place_of(model: str | Path | None) -> str | None:
    """The folder or name; raises UsageError on a model that is in memory already."""
    if hasattr(model, "forward"):
        raise UsageError(
            f"`model` is a {type(model).__name__} in memory, of which every process would need its own; give "
            "the folder or the name that it can be loaded from. A model in memory is what "
            "`search.allocate(model, dataloader, budget=...)` takes."
        )
    return model if model is None or isinstance(model, str) else str(path_of("model", model))
