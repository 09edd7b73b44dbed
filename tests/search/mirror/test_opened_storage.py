"""study.db is what Optuna itself would have written, and can be written again."""

import sqlite3
from contextlib import closing
from pathlib import Path
from sqlite3 import dbapi2

import numpy as np
import optuna
import pytest
from optuna import Study
from optuna.distributions import IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from evaluators.training.candidate import Candidate, Evaluation, Trained
from proxies.site_scores import per_unit_of_rank
from search.run.finalist import Finalist
from search.sampling.proposals import propose
from search.sampling.storage_error import one_line_where_unwritable
from search.sampling.study_db import record_finalists, record_proposals, sqlite_url
from spaces.errors import InputError


@pytest.fixture(scope="module")
def proposals(make_space):
    space = make_space([(16, 16)] * 6, (0, 2, 4))
    scores = [
        per_unit_of_rank(name, "dense", space, np.arange(1.0, 7.0)[::step])
        for name, step in (("a", 1), ("b", -1))
    ]
    return space, propose(
        scores, max_params=6 * 32 + 32, allocators=["topk"], samplers=["random"], trials=5, seed=0
    )


def finalist(proposal, metrics):
    """A proposal with a run of 1.5 seconds per metric, None being a failed one."""
    runs = []
    for seed, metric in enumerate(metrics):
        failure = "diverged" if metric is None else None
        evaluation = Evaluation(
            Candidate(proposal.allocation, seed, 1e-3), metric, metric, failure, (), 1.5, 0
        )
        runs.append(Trained(evaluation, {}))
    return Finalist(proposal, tuple(runs))


def load(path, name):
    storage = RDBStorage(sqlite_url(path))
    study = optuna.load_study(study_name=name, storage=storage)
    loaded = (study.get_trials(), study.directions, study.metric_names)
    storage.remove_session()
    storage.engine.dispose()
    return loaded


def test_every_proposal_is_a_trial_with_ranks_scores_and_proposer(proposals, tmp_path):
    space, made = proposals
    path = tmp_path / "study.db"
    record_proposals(path, made, space, ["a", "b"])
    trials, directions, metrics = load(path, "proposals")
    assert metrics == ["a", "b"]
    assert [direction.name for direction in directions] == ["MAXIMIZE", "MAXIMIZE"]
    assert len(trials) == len(made) == 8
    for number, (trial, proposal) in enumerate(zip(trials, made, strict=True)):
        assert trial.number == number
        assert trial.state == TrialState.COMPLETE
        assert list(trial.params) == [site.name for site in space.sites]
        assert space.allocation(list(trial.params.values())) == proposal.allocation
        assert trial.values == [score for _, score in proposal.scores]
        assert trial.user_attrs == {
            "proposer": proposal.proposer,
            "params": proposal.params,
            **dict(proposal.scores),
        }
        assert trial.distributions["layers.0.q"] == IntDistribution(0, 4)


def test_writing_again_replaces_what_an_interrupted_run_left(proposals, tmp_path):
    space, made = proposals
    path = tmp_path / "my {odd} 100% study.db"
    rows = [finalist(made[0], [0.79, 0.81]), finalist(made[1], [None, None])]
    record_proposals(path, made, space, ["a", "b"])
    record_proposals(path, made[:2], space, ["a", "b"])
    for _ in range(2):
        record_finalists(path, rows, space, metric="accuracy")
    trials, _, metrics = load(path, "finalists")
    assert len(load(path, "proposals")[0]) == 2
    assert metrics == ["accuracy"]
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.FAIL]
    assert trials[0].values == [pytest.approx(0.8)]
    assert trials[0].user_attrs == {
        "proposer": "uniform",
        "params": made[0].params,
        "sd": pytest.approx(0.02 / 2**0.5),
        "seconds": 3.0,
    }


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_finalists_are_better_in_the_direction_of_their_metric(proposals, tmp_path, direction):
    space, made = proposals
    rows = [finalist(made[0], [3.0, 3.2])]
    record_finalists(tmp_path / "s.db", rows, space, metric="loss", direction=direction)
    _, directions, metrics = load(tmp_path / "s.db", "finalists")
    assert (directions[0].name.lower(), metrics) == (direction, ["loss"])


def test_the_dashboard_reads_it(proposals, tmp_path):
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is an extra")
    space, made = proposals
    record_proposals(tmp_path / "study.db", made, space, ["a", "b"])
    storage = RDBStorage(f"sqlite:///{tmp_path}/study.db")
    assert callable(dashboard.wsgi(storage))
    storage.remove_session()
    storage.engine.dispose()


def test_the_same_proposals_are_not_written_again_and_others_or_damage_are(proposals, tmp_path):
    space, made = proposals
    path = tmp_path / "study.db"
    record_proposals(path, made, space, ["a", "b"])
    record_finalists(path, [finalist(made[0], [0.8])], space, metric="accuracy")
    before = path.read_bytes()
    record_proposals(path, made, space, ["a", "b"])
    assert path.read_bytes() == before
    assert len(load(path, "finalists")[0]) == 1
    record_proposals(path, made[:-1], space, ["a", "b"])
    assert len(load(path, "proposals")[0]) == len(made) - 1
    for damage in (b"", b"no database", path.read_bytes()[:5000]):
        path.write_bytes(damage)
        record_proposals(path, made, space, ["a", "b"])
        assert len(load(path, "proposals")[0]) == len(made)


@pytest.mark.parametrize("before", ["set_metric_names", "set_user_attr"])  # its trials; its being whole
def test_what_is_killed_while_it_writes_is_written_again(proposals, tmp_path, monkeypatch, before):
    space, made = proposals
    path = tmp_path / "study.db"

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Study, before, killed)
        with pytest.raises(KeyboardInterrupt):
            record_proposals(path, made, space, ["a", "b"])
    record_proposals(path, made, space, ["a", "b"])
    assert len(load(path, "proposals")[0]) == len(made)


@pytest.mark.parametrize("record", ["proposals", "finalists"])
def test_a_file_that_another_program_holds_is_one_line_and_stays(proposals, tmp_path, monkeypatch, record):
    space, made = proposals
    path = tmp_path / "study.db"
    record_proposals(path, made[:1], space, ["a", "b"])
    before = path.read_bytes(), path.stat().st_ino

    def write():
        with one_line_where_unwritable(tmp_path):
            if record == "proposals":
                record_proposals(path, made, space, ["a", "b"])
            else:
                record_finalists(path, [finalist(made[0], [0.8])], space, metric="accuracy")

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        real = sqlite3.connect
        monkeypatch.setattr(dbapi2, "connect", lambda *a, **more: real(*a, **{**more, "timeout": 0.1}))
        with pytest.raises(
            InputError, match=r"is in use by another program .*; end that and start this again"
        ):
            write()
    assert (path.read_bytes(), path.stat().st_ino) == before


NASTY = ["a?b", "a%20b", "a b", "a#b", "ü", "a{b}c", "a'b", "a&b=c", "-x", 'a"b', "a;b", "file:x?mode=memory"]


@pytest.mark.parametrize("name", NASTY)
def test_the_file_lies_in_its_folder_whatever_that_is_called(name, proposals, tmp_path, monkeypatch):
    space, made = proposals
    monkeypatch.chdir(tmp_path)
    folder = Path(name)
    folder.mkdir()
    record_proposals(folder / "study.db", made[:1], space, ["a", "b"])
    assert list(tmp_path.iterdir()) == [tmp_path / name]
    assert [file.name for file in folder.iterdir()] == ["study.db"]
    assert len(load(folder / "study.db", "proposals")[0]) == 1
