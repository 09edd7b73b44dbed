"""A ground that is loaded within a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import machine_of
from search.job.settings import DataSettings, MachineSettings, ModelSettings


@pytest.fixture
def make_ground(model_folder: Path, files: Path) -> Callable[..., Ground]:
    """Builds the ground of a tiny BERT on the small files; machine settings by keyword."""

    def build(**machine: object) -> Ground:
        data = DataSettings(train_file=files / "train.tsv", eval_file=files / "dev.tsv")
        inputs = load_inputs(ModelSettings(model=str(model_folder)), data)
        return Ground(inputs, machine_of(MachineSettings(device="cpu", **machine)))

    return build
