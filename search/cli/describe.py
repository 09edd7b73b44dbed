"""``rankscape describe``: a model's sites and their cost, from its config.json alone."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from typing import Final

from search.job.option import Range, check_settings, option, same_option
from search.job.settings import ModelSettings, SpaceSettings, check_space
from spaces.errors import UsageError
from spaces.search_space import parse_ranks

from .command import Command, Printed
from .output_settings import ScreenSettings
from .typed import Typed

__all__ = ["DESCRIBE", "DescribeSettings", "main"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DescribeSettings:
    """What is described."""

    model: str | None = same_option(ModelSettings, "model")
    space: str = same_option(SpaceSettings, "space")
    rank: int | None = option(
        None, "count every site at this rank", metavar="R", between=Range(1, 1_000_000_000)
    )
    budget: str | None = same_option(SpaceSettings, "budget", default=None)
    ranks: str | None = option(
        None, "the ranks to search", metavar="0,R,...", default_text="those that follow from the budget"
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_space(self.space, self.budget, self.ranks)
        if self.rank is not None and self.budget is not None:
            raise UsageError("`rank` and `budget` exclude each other; give one of them.")


def _run(given: Typed) -> Printed:
    chosen = given.of(DescribeSettings)
    ranks = None if chosen.ranks is None else parse_ranks(chosen.ranks)
    _log.info("loading  PyTorch and transformers")

    from search.job.named_models import model_place, model_title
    from search.show.description import describe

    _silence_progress()
    found = describe(
        model_place(chosen.model), chosen.space, rank=chosen.rank, budget=chosen.budget, ranks=ranks
    )
    named = replace(found, model=model_title(chosen.model))
    return Printed(named.to_json(), named.to_text())


def _silence_progress() -> None:
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    hub_logging.set_verbosity_error()
    logging.disable_progress_bar()


DESCRIBE: Final = Command(
    name="describe",
    module="spaces.describe",
    summary="Lists the sites of a search space in a model and counts their parameters. Reads config.json "
    "alone: no weights are needed.",
    example="--model facebook/opt-350m --budget 2.3M",
    settings=(DescribeSettings, ScreenSettings),
    run=_run,
)
main = DESCRIBE.main


if __name__ == "__main__":
    sys.exit(main())
