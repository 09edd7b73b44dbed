"""Models that have a name of ours: the embedded MiniLM, and SmolLM2 of a package."""

from __future__ import annotations

from evaluators.data.demo import MODEL_NAME, demo_model_folder

from .smollm2 import SMOLLM2, smollm2_folder

__all__ = ["model_base", "model_place", "model_title"]


def model_place(name: str | None) -> str:
    """The folder of a model that has a name of ours, of MiniLM where none is given; any other as it is.

    Raises InputError where the model's package is missing.
    """
    if name is None:
        return str(demo_model_folder())
    return str(smollm2_folder()) if name == SMOLLM2 else name


def model_base(name: str | None) -> str:
    """Where an adapter's reader finds its base model: MiniLM by its name on the hub, SmolLM2 in the folder
    that it was converted into, since its numbers are not those of the hub; any other as typed.
    """
    return MODEL_NAME if name is None else model_place(name)


def model_title(name: str | None) -> str:
    """How a reader should know a model: as typed, or MiniLM by its name on the hub."""
    return MODEL_NAME if name is None else name
