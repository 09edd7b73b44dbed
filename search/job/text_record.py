"""What models wrote, and what it is worth, as results hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

__all__ = ["TextRecord", "TextSample"]

_ONCE: Final = "uniform"
"""What older versions called a baseline, whichever it was."""


@dataclass(frozen=True, slots=True)
class TextSample:
    """A prompt, all that may well be answered, and what was, by the name of who did."""

    prompt: str
    references: tuple[str, ...]
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TextRecord:
    """How several answer the same prompts.

    prompts: how many. decoding: its settings by name. scores: by name, then by metric of text, of each seed;
    None where that run failed or cannot write. samples: of the first prompts.
    """

    prompts: int
    decoding: Mapping[str, float]
    scores: Mapping[str, Mapping[str, tuple[float | None, ...]]]
    samples: tuple[TextSample, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Of all, in order."""
        return tuple(dict.fromkeys(metric for own in self.scores.values() for metric in own))

    def with_baseline(self, name: str) -> TextRecord:
        """The same, the baseline by its name: older versions called every one ``uniform``."""
        if name in self.scores or _ONCE not in self.scores:
            return self
        scores = {_renamed(own, name): values for own, values in self.scores.items()}
        samples = (
            replace(one, answers={_renamed(own, name): text for own, text in one.answers.items()})
            for one in self.samples
        )
        return replace(self, scores=scores, samples=tuple(samples))

    @classmethod
    def of_json(cls, known: Mapping[str, Any] | None) -> TextRecord | None:
        """Of what ``dataclasses.asdict`` gave, as JSON keeps it; None where no text was written."""
        if known is None:
            return None
        return cls(
            known["prompts"],
            known["decoding"],
            {
                name: {metric: tuple(values) for metric, values in own.items()}
                for name, own in known["scores"].items()
            },
            tuple(
                TextSample(one["prompt"], tuple(one["references"]), one["answers"])
                for one in known["samples"]
            ),
        )


def _renamed(name: str, baseline: str) -> str:
    return baseline if name == _ONCE else name
