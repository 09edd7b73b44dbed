"""Drivers that share a search come to what one alone does; each leg is trained once, whoever dies."""

from __future__ import annotations

import threading

import optuna
import pytest

from search.live.live_trial import LiveTrial
from tests.search.live.invented import STEPS, Told, Training, invented
from tests.search.mirror.invented_drivers import (
    BUDGET,
    NAME,
    SETTINGS,
    driven,
    small_space,
    trained_in,
)


@pytest.fixture(scope="module")
def alone() -> tuple[LiveTrial, ...]:
    """The trials of a search that nobody shares."""
    return invented(small_space(), SETTINGS, training=Training(), told=Told(), budget=BUDGET).trials


def legs_of(trials: tuple[LiveTrial, ...]) -> int:
    return sum(9 * trial.step // STEPS for trial in trials)


def mirrored(storage: str) -> list[tuple[str, float | None]]:
    trials = optuna.load_study(study_name=NAME, storage=storage).trials
    return [(one.state.name.lower(), one.value) for one in trials]


def test_two_drivers_come_to_the_trials_of_one(alone, tmp_path):
    storage, found = f"sqlite:///{tmp_path / 'shared.db'}", {}

    def drive(name: str) -> None:
        found[name] = driven(storage, tmp_path / name, 0.01)

    drivers = [threading.Thread(target=drive, args=(name,)) for name in ("a", "b")]
    for one in drivers:
        one.start()
    for one in drivers:
        one.join()
    assert found["a"][0].trials == found["b"][0].trials == alone
    assert found["a"][1] == found["b"][1]
    own = [trained_in(tmp_path / name) for name in ("a", "b")]
    assert min(map(len, own)) > 0
    assert len(set(own[0] + own[1])) == len(own[0] + own[1]) == legs_of(alone)
    assert mirrored(storage) == [(trial.state, trial.value) for trial in alone]
