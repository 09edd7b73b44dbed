"""Drivers that share a search come to what one alone does; each leg is trained once, whoever dies."""

from __future__ import annotations

import signal
import threading

import optuna
import pytest

from search.live.live_trial import LiveTrial
from search.storage.opened_storage import opened_storage
from tests.forked_processes import exit_code_of, forked_processes
from tests.search.live.invented import STEPS, Told, Training, invented
from tests.search.shared.invented_drivers import (
    BUDGET,
    NAME,
    SETTINGS,
    drive,
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
    with opened_storage(storage) as there:
        trials = optuna.load_study(study_name=NAME, storage=there).trials
    return [(one.state.name.lower(), one.value) for one in trials]


def test_two_drivers_come_to_the_trials_of_one(alone, tmp_path):
    storage, found = f"sqlite:///{tmp_path / 'shared.db'}", {}
    both = threading.Barrier(2)

    def drive_in_thread(name: str) -> None:
        found[name] = driven(storage, tmp_path / name, 0.01, ready=both.wait)

    drivers = [threading.Thread(target=drive_in_thread, args=(name,)) for name in ("a", "b")]
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


def test_where_the_folder_of_the_dead_cannot_be_read_its_living_trials_begin_anew(alone, tmp_path):
    storage, first, second = f"sqlite:///{tmp_path / 'shared.db'}", tmp_path / "a", tmp_path / "b"
    with forked_processes() as begin:
        assert exit_code_of(begin(drive, storage, first, 0.0, "second wave")) == -signal.SIGKILL
        first.rename(tmp_path / "gone")
        assert exit_code_of(begin(drive, storage, second, 0.0)) == 0
    before, after = trained_in(tmp_path / "gone"), trained_in(second)
    anew = [(one, until) for one, begun, until in after if begun == 0 and until > STEPS // 9]
    assert anew
    assert {one for one, _ in anew} <= {one for one, _, _ in before}
    assert len(after) == legs_of(alone) - 6  # all but the first wave, of which it had told
    assert mirrored(storage) == [(trial.state, trial.value) for trial in alone]
