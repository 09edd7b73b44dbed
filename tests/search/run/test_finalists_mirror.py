"""Proposals and finalists as they stand in studies, while they are trained and after."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.live.finals import AllFailedError
from search.mirror.study_place import StudyPlace
from search.run.finalist import Finalist
from search.run.finalists_mirror import FINALISTS, PROPOSALS, finalists_mirror, show_proposals
from search.run.problem import Problem
from search.run.result import Result
from search.run.verdict import Judged
from search.sampling.configuration import Configuration
from search.sampling.proposals import Proposal
from search.sampling.proposer import UNIFORM, Proposer
from search.storage.opened_storage import opened_storage
from spaces.allocation import Allocation

PLAN = Allocation.of({"layers.0.q": 4})


@pytest.fixture
def problem(make_space):
    judged = Judged("accuracy", {"train": 9, "validation": 9, "test": 9}, None, "accuracy")
    return Problem("two sites", make_space([(16, 16)] * 2, (0, 2, 4)), 128, judged, (0, 1))


def proposal(proposer, rate=None, *, plan=PLAN):
    own = None if rate is None else Configuration(plan, rate, "alpha/r")
    return Proposal(plan, (proposer,), 128, (("snip", 2.5), ("fisher", -1.0)), own)


def finalist(of, *metrics):
    rate = 1e-3 if of.configuration is None else of.configuration.learning_rate
    runs = [
        Trained(
            Evaluation(
                Candidate(of.allocation, seed, rate),
                metric,
                None if metric is None else 1 - metric,
                "lost" if metric is None else None,
                (0.5,),
                2.0,
                0,
            ),
            {},
        )
        for seed, metric in enumerate(metrics)
    ]
    return Finalist(of, tuple(runs))


def result_of(problem, finalists):
    return Result(
        problem, (), tuple(finalists), finalists[1], None, {}, None, lambda run, folder, story: None
    )


def test_every_proposal_is_a_complete_trial_with_the_scores_of_the_proxies(problem, tmp_path, read):
    place = StudyPlace("name", {}).at(tmp_path, "seed 0")
    proposals = [proposal(UNIFORM), proposal(Proposer("tpe"), plan=Allocation.of({"layers.1.q": 2}))]
    show_proposals(place, problem, proposals, ["fisher", "snip"])
    study = read(place.where, f"name, {PROPOSALS}")
    assert study.metric_names == ["fisher", "snip"]
    assert [one.values for one in study.trials] == [[-1.0, 2.5]] * 2
    assert [one.state for one in study.trials] == [TrialState.COMPLETE] * 2
    assert study.trials[1].params == {"layers.0.q": 0, "layers.1.q": 2}
    assert study.trials[1].user_attrs == {"parameters": 128, "proposer": "tpe"}


def test_finalists_run_until_they_are_told_how_they_ended(problem, tmp_path, read):
    place = StudyPlace("name", {}).at(tmp_path, "seed 0")
    chosen = [proposal(UNIFORM), proposal(Proposer("tpe")), proposal(Proposer("random"))]
    with finalists_mirror(place, problem, chosen) as shown:
        running = read(place.where, f"name, {FINALISTS}").trials
        assert [one.state for one in running] == [TrialState.RUNNING] * 3
        assert running[1].user_attrs["proposer"] == "tpe"
        ends = [
            finalist(chosen[0], 0.5, 0.7),
            finalist(chosen[1], 0.8, None),
            finalist(chosen[2], None, None),
        ]
        shown.ended(result_of(problem, ends))
    study = read(place.where, f"name, {FINALISTS}")
    states = [one.state for one in study.trials]
    assert states == [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.FAIL]
    assert [one.values for one in study.trials] == [[pytest.approx(0.6)], [0.8], None]
    assert study.trials[2].user_attrs["failure"] == "lost"
    assert study.trials[0].user_attrs["sd"] == pytest.approx(0.2 / 2**0.5)
    assert [one.user_attrs["finished"] for one in study.trials] == [2, 1, 0]
    assert [one.user_attrs.get("loss") for one in study.trials] == [
        pytest.approx(0.4),
        pytest.approx(0.2),
        None,
    ]
    assert [one.user_attrs["seconds"] for one in study.trials] == [4.0] * 3
    assert study.user_attrs["verdict"]


def test_two_rates_of_one_allocation_have_each_their_own_note(problem, tmp_path):
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is an extra")
    place = StudyPlace("name", {}).at(tmp_path, "seed 0")
    chosen = [proposal(UNIFORM, 1e-3), proposal(Proposer("tpe"), 1e-2), proposal(Proposer("tpe"), 1e-1)]
    metrics = [(0.125, 0.25), (0.375, 0.5), (0.625, 0.75)]
    with finalists_mirror(place, problem, chosen) as shown:
        shown.ended(
            result_of(problem, [finalist(one, *own) for one, own in zip(chosen, metrics, strict=True)])
        )
    with opened_storage(place.where) as storage:
        study = optuna.load_study(study_name=f"name, {FINALISTS}", storage=storage)
        for frozen, own in zip(study.trials, metrics, strict=True):
            note = dashboard.get_note(optuna.trial.Trial(study, frozen._trial_id))
            assert [f"| {seed} | {value:.4f} |" in note for seed, value in enumerate(own)] == [True, True]


def test_a_start_after_one_that_was_killed_goes_on_in_the_same_study(problem, tmp_path, read):
    place = StudyPlace("name", {}).at(tmp_path, "seed 0")
    chosen = [proposal(UNIFORM), replace(proposal(Proposer("tpe")), params=64)]
    with finalists_mirror(place, problem, chosen):
        pass
    with finalists_mirror(place, problem, chosen) as shown:
        shown.ended(result_of(problem, [finalist(one, 0.5, 0.7) for one in chosen]))
    study = read(place.where, f"name, {FINALISTS}")
    assert [one.state for one in study.trials] == [TrialState.COMPLETE] * 2
    assert [one.user_attrs["parameters"] for one in study.trials] == [128, 64]


def test_where_all_finalists_failed_their_study_says_so_until_another_start_has_a_result(
    problem, tmp_path, read
):
    place = StudyPlace("name", {}).at(tmp_path, "seed 0")
    chosen = [proposal(UNIFORM), proposal(Proposer("tpe"))]
    with pytest.raises(AllFailedError), finalists_mirror(place, problem, chosen):
        raise AllFailedError("every fine-tuning run failed: no memory")
    study = read(place.where, f"name, {FINALISTS}")
    assert study.user_attrs["verdict"] == "No result: every fine-tuning run failed: no memory."
    assert [one.state for one in study.trials] == [TrialState.RUNNING] * 2
    with finalists_mirror(place, problem, chosen) as shown:
        shown.ended(result_of(problem, [finalist(one, 0.5, 0.7) for one in chosen]))
    study = read(place.where, f"name, {FINALISTS}")
    assert "No result" not in study.user_attrs["verdict"]
    assert [one.state for one in study.trials] == [TrialState.COMPLETE] * 2
