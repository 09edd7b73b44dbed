"""A front in a folder: its table, its picture, an adapter of each point, and nothing of an earlier one."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.job.run_names import FRONT_FOLDER
from search.live.settings import LiveSettings
from search.live.waves import LiveOutcome
from search.run.front_files import write_front
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of
from tests.search.run.test_result import conclusion, result_with

SIZES = {0: (0.5, 300), 1: (0.6, 200), 2: (0.7, 250), 3: (0.65, 90)}


@pytest.fixture
def result_of(make_space):
    """Of trials with these losses and sizes; what is kept of a point is its number."""

    def made(objectives, sizes=SIZES):
        search = settled(make_space([(16, 16)], (0, 2)), LiveSettings(trials=4, objectives=objectives))
        trials = [
            replace(trial_of(number, 0.9, 0.8, loss, params=params), state="complete", step=90)
            for number, (loss, params) in sizes.items()
        ]
        trials = [
            replace(one, reports=tuple(replace(own, loss=own.value) for own in one.reports)) for one in trials
        ]
        ran = {one.number: Trained(_evaluation(one), {}) for one in trials}
        outcome = LiveOutcome(search, tuple(trials), ran, 4 * 90)
        plain = result_with(make_space, conclusion([0.81] * 3, [0.70] * 3))

        def keep(run, folder, story):
            folder.mkdir(parents=True)
            (folder / "loss").write_text(f"{run.evaluation.loss}")

        return replace(plain, live=outcome, keep=keep)

    return made


def _evaluation(trial):
    own = trial.configuration
    candidate = Candidate(own.allocation, 7, own.learning_rate, own.scaling)
    return Evaluation(candidate, 0.5, trial.reports[-1].loss, None, (0.0,) * 90, 1.0, 0)


def test_every_point_has_its_row_and_its_adapter_by_its_trial(result_of, tmp_path):
    write_front(result_of(("loss", "params")), tmp_path, None)
    with (tmp_path / "front.csv").open() as file:
        rows = [(int(row["trial"]), int(row["params"]), float(row["loss"])) for row in csv.DictReader(file)]
    assert rows == [(3, 90, 0.65), (1, 200, 0.6), (0, 300, 0.5)]
    kept = {path.name: (path / "loss").read_text() for path in (tmp_path / FRONT_FOLDER).iterdir()}
    assert kept == {"3": "0.65", "1": "0.6", "0": "0.5"}
    assert (tmp_path / "front.png").stat().st_size > 5000


@pytest.mark.parametrize(
    "objectives", [("loss", "params"), ("loss", "seconds", "params"), ("metric", "memory", "params")]
)
def test_the_table_is_the_front_of_the_record(result_of, tmp_path, objectives):
    result = result_of(objectives)
    write_front(result, tmp_path, None)
    with (tmp_path / "front.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(result.front) > 0
    for row, one in zip(rows, result.record.live.front, strict=True):
        alone = {"trial": one.trial, "proposer": one.proposer, "params": one.params}
        how = {"learning_rate": one.learning_rate, "scaling": one.scaling}
        assert row == {name: str(value) for name, value in (one.values | alone | how).items()}


def test_what_an_earlier_start_has_left_is_gone_where_it_is_no_point_any_more(result_of, tmp_path):
    write_front(result_of(("loss", "params")), tmp_path, None)
    write_front(result_of(("loss", "params"), {0: (0.5, 90), 1: (0.6, 200)}), tmp_path, None)
    assert [path.name for path in (tmp_path / FRONT_FOLDER).iterdir()] == ["0"]
    write_front(result_of(("loss",)), tmp_path, None)
    assert not (tmp_path / FRONT_FOLDER).exists()
