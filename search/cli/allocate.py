"""``rankscape allocate``: the LoraConfig of a model and a file, in one pass and without training."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from search.job.findings import known_at
from search.job.option import check_settings, option, same_option, settings_by_name
from search.job.settings import (
    SEEDS,
    DataSettings,
    MachineSettings,
    ModelSettings,
    ObjectiveName,
    ScoringSettings,
    SpaceSettings,
    check_space,
)
from spaces.scaling import Rule

from .command import Command, Printed
from .output_settings import ConfigSettings, ScreenSettings, check_format
from .typed import Typed

__all__ = ["ALLOCATE", "AllocateSettings", "PassSettings", "RowSettings", "main"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AllocateSettings:
    """What is allocated."""

    budget: str = same_option(SpaceSettings, "budget", default="0.5%")
    space: str = option("lora[all]", "lora[all], or the linears of some roles: lora[q,v]", metavar="S")
    format: str = same_option(ConfigSettings, "format")
    proxy: str = option(
        "zico",
        "what scores the sites",
        metavar="NAME",
        known=("proxies.registry:OFFERED",),
        behind=("proxies.registry:UNPROVEN",),
        among=True,
    )
    allocator: str = option(
        "greedy",
        "what spends the budget",
        metavar="NAME",
        known=("search.allocation.registry:ALLOCATORS",),
        among=True,
        whole=True,
    )
    ranks: str | None = same_option(SpaceSettings, "ranks")
    scaling: Rule | None = same_option(SpaceSettings, "scaling")
    lora_alpha: float = same_option(SpaceSettings, "lora_alpha")
    seed: int = option(
        0,
        "of what is drawn: ties, and the A that adapters start with",
        metavar="N",
        between=SEEDS,
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_space(self.space, self.budget, self.ranks)


@dataclass(frozen=True, slots=True)
class RowSettings:
    """The rows (default: the embedded Rotten Tomatoes)."""

    task: str | None = same_option(DataSettings, "task")
    train_file: Path | None = same_option(DataSettings, "train_file")
    objective: ObjectiveName = same_option(DataSettings, "objective")
    text_columns: tuple[str, ...] | None = same_option(DataSettings, "text_columns")
    label_column: str | None = same_option(DataSettings, "label_column")
    prompt_column: str | None = same_option(DataSettings, "prompt_column")
    completion_column: str | None = same_option(DataSettings, "completion_column")
    completion_only_loss: bool = same_option(DataSettings, "completion_only_loss")
    assistant_only_loss: bool = same_option(DataSettings, "assistant_only_loss")
    max_length: int | None = same_option(DataSettings, "max_length")

    def __post_init__(self) -> None:
        self.data()

    def data(self) -> DataSettings:
        """The same for a task, which has rows to report on besides: here nobody reads them."""
        given: dict[str, Any] = settings_by_name(self)
        return DataSettings(eval_file=self.train_file, **given)


@dataclass(frozen=True, slots=True)
class PassSettings:
    """The one pass."""

    scoring_batches: int = same_option(ScoringSettings, "scoring_batches")
    scoring_batch_size: int = same_option(ScoringSettings, "scoring_batch_size")
    scoring_memory: str | None = same_option(ScoringSettings, "scoring_memory")
    device: str = same_option(MachineSettings, "device")
    threads: int | None = same_option(MachineSettings, "threads")

    def __post_init__(self) -> None:
        check_settings(self)


def _run(given: Typed) -> Printed:
    chosen, look = given.of(AllocateSettings), given.of(ScoringSettings)
    check_format(given)
    _log.info("loading  PyTorch, transformers and PEFT")

    from evaluators.adapters.formats.chosen import chosen as arguments
    from evaluators.adapters.formats.registry import commented
    from search.job.allocate import allocated
    from search.job.first_batches import first_batches
    from search.job.ground import Ground
    from search.job.inputs import load_training_inputs

    from .ground_of import machine_given
    from .progress import progress_on_stderr

    count, size = look.scoring_batches, look.scoring_batch_size
    data = given.of(RowSettings).data()
    inputs = load_training_inputs(given.of(ModelSettings), data, rows=count * size)
    ground = Ground(inputs, machine_given(given))
    batches = first_batches(ground.model, ground.inputs.task.train, size=size, count=count)
    found = allocated(
        ground.model,
        [{**batch.inputs, "labels": batch.labels} for batch in batches],
        budget=chosen.budget,
        space=chosen.space,
        proxy=chosen.proxy,
        allocator=chosen.allocator,
        ranks=chosen.ranks,
        scaling=chosen.scaling,
        lora_alpha=chosen.lora_alpha,
        batches=count,
        scoring_memory=look.scoring_memory,
        seed=chosen.seed,
        progress=progress_on_stderr(quiet=given.of(ScreenSettings).quiet),
    )
    known = known_at(found.mean_rank)
    return Printed(arguments(found.config), commented(found.config, known, format=chosen.format))


ALLOCATE: Final = Command(
    name="allocate",
    module="search.cli.allocate",
    summary="Prints the LoraConfig that puts a budget where the first training rows ask for it: in one pass, "
    "without training.",
    example="--model roberta-large --train-file train.tsv --budget 0.5%",
    settings=(AllocateSettings, ModelSettings, RowSettings, PassSettings, ScreenSettings),
    run=_run,
)
main = ALLOCATE.main


if __name__ == "__main__":
    sys.exit(main())
