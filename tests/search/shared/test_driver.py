"""A driver's name is its own: of its folder, whatever the machines and paths of others are called."""

from __future__ import annotations

import shutil
from pathlib import Path

from search.shared.driver import candidates_of, driver_of


def test_who_is_started_again_in_its_folder_is_the_same_wherever_that_is(tmp_path):
    assert driver_of(tmp_path / "a", "one") == driver_of(tmp_path / "a", "two")
    assert driver_of(tmp_path / "a", "one") != driver_of(tmp_path / "b", "one")


def test_two_machines_of_one_name_and_one_path_are_two_drivers(tmp_path):
    first = driver_of(tmp_path / "out", "localhost")
    (tmp_path / "out").rename(tmp_path / "on the other machine")
    second = driver_of(tmp_path / "out", "localhost")
    assert first != second
    assert first.partition("@")[2] == second.partition("@")[2] == f"localhost:{tmp_path / 'out'}"
    assert candidates_of(first) is None  # what lies there is the other's
    assert candidates_of(second) == tmp_path / "out" / "candidates"


def test_a_copy_of_a_folder_is_another_driver_s(tmp_path):
    first = driver_of(tmp_path / "a", "one")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    second = driver_of(tmp_path / "b", "one")
    assert first != second
    assert driver_of(tmp_path / "a", "one") == first
    assert driver_of(tmp_path / "b", "one") == second


def test_of_a_folder_that_cannot_be_seen_nothing_is_read(tmp_path):
    assert candidates_of(f"0123@elsewhere:{tmp_path / 'a'}") is None
    Path(tmp_path / "a" / "candidates").mkdir(parents=True)
    assert candidates_of(f"0123@elsewhere:{tmp_path / 'a'}") is None
