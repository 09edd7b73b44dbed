"""What can be chosen of the text that language models write."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from evaluators.metrics.of_text import find_text_metric
from search.job.option import Range, check_settings, option
from spaces.errors import UsageError

__all__ = ["GENERATION_NAMES", "GenerationSettings"]

_TOKENS: Final = Range(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """Text that language models write."""

    generate: bool = option(
        False,
        "have the winner and the uniform baseline, or every method, answer the prompts of the rows to report "
        "on, and judge the answers",
    )
    beams: int | None = option(
        None,
        "sentences that are followed at once; 1 is greedy",
        metavar="N",
        between=Range(1, 1_000),
        default_text="the task's, else 1",
    )
    length_penalty: float | None = option(
        None,
        "power of its length that a beam's log-likelihood is divided by",
        metavar="P",
        between=Range(-100, 100),
        default_text="the task's, else 1",
        rare=True,
    )
    no_repeat_ngram: int | None = option(
        None,
        "n-grams of so many tokens are said once; 0 lets all be said again",
        metavar="N",
        between=Range(0, 1_000),
        default_text="the task's, else 0",
        rare=True,
    )
    max_new_tokens: int | None = option(
        None, "of an answer", metavar="N", between=_TOKENS, default_text="the task's, else 64"
    )
    generate_rows: int | None = option(
        None, "prompts that are answered, at most", metavar="N", between=_TOKENS, default_text="all"
    )
    text_metrics: tuple[str, ...] | None = option(
        None,
        "by which the text is judged",
        metavar="M,...",
        default_text="the task's, else bleu,rouge_l",
        known=("evaluators.metrics.of_text:TEXT_METRICS",),
    )

    def __post_init__(self) -> None:
        check_settings(self)
        for name in self.text_metrics or ():
            find_text_metric(name)
        given = [one.name for one in fields(self) if getattr(self, one.name) not in (None, False)]
        if given and not self.generate:
            raise UsageError(f"`{given[0]}` says how text is generated, and none is; add `generate`.")


GENERATION_NAMES: Final = tuple(one.name for one in fields(GenerationSettings))
"""Of all of them: text comes after training, so they may change where what was trained is kept."""
