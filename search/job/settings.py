"""What can be chosen of a job, one frozen value a concern; commands make their flags of these fields."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.grammar import parse_space
from spaces.printable import printable
from spaces.search_space import parse_ranks

from .option import Range, check_settings, option

__all__ = [
    "COUNTS",
    "LEARNING_RATES",
    "LONGEST_NAME",
    "SCORING_BATCHES",
    "SEEDS",
    "DataSettings",
    "MachineSettings",
    "ModelSettings",
    "ScoringSettings",
    "SpaceSettings",
    "TrainingSettings",
]

COUNTS: Final = Range(1, 10_000)
"""Of seeds, rows of a batch, finalists."""
SEEDS: Final = Range(0, 1_000_000_000)  # with all that is added to one below NumPy's 2**32
SCORING_BATCHES: Final = Range(1, 1_000_000)
_ROWS: Final = Range(1, 1_000_000_000)
_ALPHA: Final = Range(0, 1e6, exclusive=True)
LEARNING_RATES: Final = Range(0, 1e30, exclusive=True)  # which float32 can still hold
LONGEST_NAME: Final = 100
"""Characters of a task's name, which stands in titles."""


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """What may be trained."""

    space: str = option(
        "lora+shortcut",
        "lora, lora[q,v,fc1], lora[all], residual[res1,res2], cross[in,cut;span=1..3], "
        "shortcut (= residual+cross), joined by +",
        metavar="S",
    )
    budget: str = option(
        "2.3M", "2.3M, 500k, 1.2e6, 0.5% of the base model, or r=8 for every site at rank 8", metavar="B"
    )
    ranks: str | None = option(
        None, "the ranks to choose from", metavar="0,R,...", default_text="0 and powers of two around uniform"
    )
    renorm: Literal["preserve", "paper"] = option(
        "preserve",
        "cross wires in post-layer-norm blocks: add before the layer norm, or apply it again",
        rare=True,
    )
    scaling: Literal["alpha/r", "alpha/sqrt(r)", "constant"] = option(
        "alpha/r", "factor in front of a wire; constant is alpha / 8 at every rank"
    )
    lora_alpha: float = option(16.0, "alpha of lora wires", metavar="A", between=_ALPHA, rare=True)
    shortcut_alpha: float = option(
        4.0, "alpha of residual and cross wires", metavar="A", between=_ALPHA, rare=True
    )

    def __post_init__(self) -> None:
        check_settings(self)
        parse_space(self.space)
        parse_budget(self.budget)
        if self.ranks is not None:
            parse_ranks(self.ranks)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The base model (default: the embedded MiniLM)."""

    model: str | None = option(
        None,
        "a local folder or a hub name such as roberta-large",
        metavar="DIR|NAME",
        default_text="the embedded MiniLM",
        file=True,
    )
    dtype: Literal["float32", "bfloat16"] = option(
        "float32", "of the frozen base model; what is trained is float32", rare=True
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, slots=True)
class DataSettings:
    """The task (default: the embedded Rotten Tomatoes)."""

    task: str | None = option(
        None,
        "a task that has a name",
        metavar="NAME",
        default_text="rotten_tomatoes, which is embedded",
        known=("evaluators.data.named_tasks:NAMED_TASKS",),
    )
    train_file: Path | None = option(
        None,
        "rows to train on, TSV, CSV, JSON lines or Parquet: texts with labels, or for a language model text "
        "alone, or prompt and completion",
        metavar="FILE",
    )
    eval_file: Path | None = option(
        None, "rows that report the winner and the baseline, used once", metavar="FILE"
    )
    text_columns: tuple[str, ...] | None = option(
        None, "the texts of a row", metavar="A[,B]", default_text="found by name"
    )
    label_column: str | None = option(None, "the labels", metavar="C", default_text="label")
    task_name: str | None = option(
        None,
        "of the training file, in all that is shown",
        metavar="NAME",
        default_text="its folder and file, mrpc/train",
        rare=True,
    )
    metric: str | None = option(
        None,
        "by which results are shown",
        metavar="M",
        default_text="the task's",
        known=(
            "evaluators.metrics.classes:CLASS_METRICS",
            "evaluators.metrics.classes:BINARY_METRICS",
            "evaluators.metrics.numbers:NUMBER_METRICS",
            "evaluators.metrics.of_tokens:TOKEN_METRICS",
        ),
    )
    positive_label: str | None = option(
        None,
        "the label that f1 and accuracy_and_f1 are of",
        metavar="L",
        default_text="the rarer in the training rows; GLUE's in a named task",
        rare=True,
    )
    regression: bool = option(False, "labels of the training file are numbers to predict")
    max_length: int = option(128, "tokens a row is cut to", metavar="N", between=Range(2, 1_000_000))
    train_rows: int | None = option(
        None, "at most", metavar="N", between=_ROWS, default_text="512 of the embedded task, else all"
    )
    eval_rows: int | None = option(
        None,
        "at most, to select by and to report on each",
        metavar="N",
        between=_ROWS,
        default_text="320 of the embedded task, else all",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if (self.train_file is None) != (self.eval_file is None):
            raise UsageError("`train_file` and `eval_file` go together: give both, or neither and `task`.")
        if self.train_file and self.task:
            raise UsageError(f"`task={self.task}` and `train_file` exclude each other; give one of them.")
        described = (self.text_columns, self.label_column, self.task_name, self.regression or None)
        if not self.train_file and described != (None,) * 4:
            raise UsageError(
                "`text_columns`, `label_column`, `task_name` and `regression` describe `train_file`; a named "
                "task knows its own."
            )
        name = self.task_name
        if name and (len(name) > LONGEST_NAME or printable(name) != name):
            raise UsageError(
                f"`task_name` must be one line of at most {counted(LONGEST_NAME, 'character')}, none of "
                "which controls."
            )


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """What proxies look at."""

    scoring_batches: int = option(
        32,
        "batches of training rows that proxies look at",
        metavar="N",
        between=SCORING_BATCHES,
        rare=True,
    )
    scoring_batch_size: int = option(16, "rows of such a batch", metavar="N", between=COUNTS, rare=True)
    warm_up_steps: int = option(
        24,
        "of the super-network that proxies at the point warm train first, one batch each",
        metavar="N",
        between=Range(1, 1_000_000),
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Fine-tuning."""

    seeds: int = option(3, "fine-tuning runs of each allocation", metavar="N", between=COUNTS)
    epochs: float = option(
        1.0,
        "passes over the training rows, may be a fraction",
        metavar="E",
        between=Range(0, 10_000, exclusive=True),
    )
    lr: float | None = option(
        None,
        "peak of the linear schedule",
        metavar="LR",
        between=LEARNING_RATES,
        default_text="3e-3 for the embedded task, else 5e-4",
    )
    batch_size: int = option(16, "rows of one candidate's step", metavar="N", between=COUNTS)
    weight_decay: float = option(0.01, "of AdamW", metavar="W", between=Range(0, 1_000), rare=True)
    warmup: float = option(
        0.06,
        "share of the steps in which the learning rate rises",
        metavar="F",
        between=Range(0, 1),
        rare=True,
    )
    max_grad_norm: float = option(
        1.0,
        "to which each candidate's gradient is clipped",
        metavar="N",
        between=Range(0, 1e6, exclusive=True),
        rare=True,
    )
    seed: int = option(
        0,
        "first of the fine-tuning seeds, and of all that is drawn",
        metavar="N",
        between=SEEDS,
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def all_seeds(self) -> range:
        """Of the fine-tuning runs of every allocation."""
        return range(self.seed, self.seed + self.seeds)


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """The machine."""

    device: str = option("auto", "auto, cpu, cuda[:i] or mps", metavar="D")
    devices: tuple[str, ...] | None = option(
        None, "several, for example cuda:0,cuda:1", metavar="D,...", rare=True
    )
    jobs: int | None = option(
        None,
        "processes that train cohorts",
        metavar="N",
        between=Range(1, 256),  # each a process with a model of its own
        default_text="one per device",
        rare=True,
    )
    cohort_size: int | None = option(
        None,
        "candidates that share a forward pass",
        metavar="C",
        between=COUNTS,
        default_text="4 on a CPU, 32 on a GPU",
        rare=True,
    )
    threads: int | None = option(
        None,
        "CPU threads",
        metavar="N",
        between=Range(1, max(64, 4 * (os.cpu_count() or 1))),  # thousands end in a segmentation fault
        default_text="all cores",
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.device != "auto" and self.devices:
            raise UsageError("`device` and `devices` exclude each other; give one of them.")
