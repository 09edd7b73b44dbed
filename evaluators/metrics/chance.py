"""What a model gets that has learned nothing but how often each label occurs."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Chance"]


@dataclass(frozen=True, slots=True)
class Chance:
    """The reach of answers that heed no text, on some rows.

    loss: the least of one answer for all rows: the entropy of the labels' frequencies in nats, or for
    regression the labels' variance. metrics: of always answering one class, class by class; for regression of
    always answering the mean. rows: how many there are.
    """

    loss: float
    metrics: tuple[float, ...]
    rows: int
