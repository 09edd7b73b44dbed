"""One driver keeps the study and has the finals; where it is killed, whenever that is, another does."""

from __future__ import annotations

import signal

import optuna
import pytest

from search.shared.lead import (
    LeadFailure,
    LeadResult,
    awaited_result,
    conclude,
    failures_told,
    former_leads,
    result_elsewhere,
    tell_failure,
)
from search.shared.shared_work import shared_work
from search.storage.opened_storage import opened_storage
from tests.forked_processes import exit_code_of, forked_processes, wait_for
from tests.search.shared.invented_drivers import NAME, drive, finals_in, trained_in


def work_of(folder, owner):
    return shared_work(f"sqlite:///{folder / 'work.db'}", "s, work", owner, 1)


def test_the_first_that_asks_has_the_finals_and_the_others_get_its_result(tmp_path):
    with work_of(tmp_path, "a") as first, work_of(tmp_path, "b") as second:
        assert awaited_result(first) is None
        assert result_elsewhere(second) is None
        assert conclude(first, {"best": 1})
        assert awaited_result(second) == result_elsewhere(second) == LeadResult("a", {"best": 1})
    with work_of(tmp_path, "c") as late:
        assert result_elsewhere(late) == LeadResult("a", {"best": 1})


def test_who_told_the_result_and_begins_again_may_not_have_written_it_and_does_that_again(tmp_path):
    with work_of(tmp_path, "a") as before:
        assert awaited_result(before) is None
        conclude(before, {"best": 1})
    with work_of(tmp_path, "a") as again:
        assert result_elsewhere(again) is None
        assert awaited_result(again) is None
        assert conclude(again, {"best": 1})


def test_who_lets_go_of_the_finals_leaves_them_to_others(tmp_path):
    with work_of(tmp_path, "b") as second:
        with work_of(tmp_path, "a") as first:
            assert awaited_result(first) is None
        assert awaited_result(second) is None
        assert former_leads(second) == ("a",)


def test_one_failure_of_all_finalists_is_that_of_all_and_another_start_tries_again(tmp_path):
    with work_of(tmp_path, "b") as waiting, work_of(tmp_path, "c") as third:
        with work_of(tmp_path, "a") as first:
            assert awaited_result(first) is None
            tell_failure(first, "no memory")
            assert awaited_result(waiting) == LeadFailure("a", "no memory")
        assert awaited_result(third) == LeadFailure("a", "no memory")  # though nobody leads
    with work_of(tmp_path, "b") as again, work_of(tmp_path, "c") as late:
        past = failures_told(again)
        assert len(past) == 1
        assert awaited_result(again, past) is None
        tell_failure(again, "still none")
        assert awaited_result(late, past) == LeadFailure("b", "still none")


@pytest.mark.parametrize("dies", ["first wave", "finals", "notes"])
def test_a_leader_that_is_killed_is_followed_by_another_that_completes_the_study(dies, tmp_path):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    first, second = tmp_path / "a", tmp_path / "b"
    with forked_processes() as begin:
        leader = begin(drive, storage, first, 0.0, dies)
        wait_for(lambda: bool(trained_in(first)))  # so that it leads
        other = begin(drive, storage, second, 0.0)
        assert exit_code_of(leader) == -signal.SIGKILL
        assert exit_code_of(other) == 0
    assert finals_in(first) == (dies != "first wave")
    assert finals_in(second) == 1
    trained = trained_in(first) + trained_in(second)
    assert len(set(trained)) == len(trained)
    with opened_storage(storage) as there:
        study = optuna.load_study(study_name=NAME, storage=there)
        assert not any(one.state == optuna.trial.TrialState.RUNNING for one in study.trials)
        assert [one.number for one in study.trials] == list(range(len(study.trials)))
        assert study.user_attrs["verdict"] == "Yes: a|b beats *uniform* by 0.1"
