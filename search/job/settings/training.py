"""What can be chosen of fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass

from search.job.option import Range, check_settings, option

from .ranges import COUNTS, LEARNING_RATES, SEEDS

__all__ = ["TrainingSettings"]


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
    gradient_checkpointing: bool = option(
        False,
        "compute the model's blocks again in the backward pass: the same results, in less memory",
        rare=True,
        place_only=True,
    )

    micro_batch_size: int | None = option(
        None,
        "rows of a candidate's step in one forward pass: the same results but for rounding, in less memory "
        "(gradient accumulation)",
        metavar="N",
        between=COUNTS,
        default_text="the whole step; without gates that move, fewer where one candidate alone does not fit",
        rare=True,
        place_only=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def all_seeds(self) -> range:
        """Of the fine-tuning runs of every allocation."""
        return range(self.seed, self.seed + self.seeds)
