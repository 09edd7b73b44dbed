"""Budgets of a space as MiniLM's, and laboratories of a tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from benchmarks.evidence.laboratory import Laboratory, Setting
from benchmarks.evidence.recalled import Recalled
from benchmarks.evidence.ways import At
from search.allocation.uniform import uniform_allocation
from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import machine_of
from search.job.settings import DataSettings, MachineSettings, ModelSettings, ScoringSettings
from spaces.search_space import SearchSpace
from tests.search.conftest import files, model_folder  # noqa: F401


@pytest.fixture
def budget_of(minilm_space: SearchSpace) -> Callable[[float], At]:
    """The budget of a mean rank; a proxy picks what the first half of the sites have uniformly."""

    def made(mean_rank: float) -> At:
        params = round(mean_rank * minilm_space.params_per_rank)
        half = SearchSpace(minilm_space.sites[:24], minilm_space.ranks)
        return At(minilm_space, params, lambda _: uniform_allocation(half, params))

    return made


class SmallLaboratory(Protocol):
    def __call__(self, folder: Path, recalled: Recalled | None = None) -> Laboratory: ...


@pytest.fixture
def small_laboratory(model_folder: Path, files: Path) -> SmallLaboratory:  # noqa: F811
    """Makes laboratories of a tiny BERT, which train 5 steps."""
    machine = machine_of(MachineSettings(device="cpu", cohort_size=2))
    data = DataSettings(train_file=files / "train.tsv", eval_file=files / "dev.tsv")
    ground = Ground(load_inputs(ModelSettings(str(model_folder)), data), machine)
    setting = Setting(epochs=0.5, batch_size=8, scoring=ScoringSettings(2, 8))
    return lambda folder, recalled=None: Laboratory(ground, setting, folder, recalled=recalled)
