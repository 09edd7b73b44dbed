"""What can be chosen of a job, one frozen value a concern; commands make their flags of these fields."""

from .data import EMBEDDED_TRAIN_ROWS, LONGEST_NAME, DataSettings, ObjectiveName
from .generation import GENERATION_NAMES, GenerationSettings
from .machine import MachineSettings
from .model import ModelSettings
from .ranges import COUNTS, LEARNING_RATES, SEEDS
from .scoring import SCORING_BATCHES, ScoringSettings
from .space import SpaceSettings, check_space
from .training import TrainingSettings

__all__ = [
    "COUNTS",
    "EMBEDDED_TRAIN_ROWS",
    "GENERATION_NAMES",
    "LEARNING_RATES",
    "LONGEST_NAME",
    "SCORING_BATCHES",
    "SEEDS",
    "DataSettings",
    "GenerationSettings",
    "MachineSettings",
    "ModelSettings",
    "ObjectiveName",
    "ScoringSettings",
    "SpaceSettings",
    "TrainingSettings",
    "check_space",
]
