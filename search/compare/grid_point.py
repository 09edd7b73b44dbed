"""What an arm did at one scaling and learning rate of its grid."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GridPoint"]


@dataclass(frozen=True, slots=True)
class GridPoint:
    """A point of an arm's grid. loss: mean over the tuning seeds on the validation rows; None where one of
    them failed."""

    label: str
    scaling: str
    learning_rate: float
    loss: float | None

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return {"label": self.label, "scaling": self.scaling, "lr": self.learning_rate, "loss": self.loss}
