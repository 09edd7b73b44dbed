"""Objectives for the tiny models."""

from __future__ import annotations

from typing import Final

from evaluators.objectives.classification import Classification
from evaluators.objectives.regression import Regression

__all__ = ["REGRESSION", "TWO_CLASSES"]

TWO_CLASSES: Final = Classification(("negative", "positive"))
REGRESSION: Final = Regression()
