"""Where studies lie and what they are called, by what somebody chose and by where a run writes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from search.mirror.shown import Aim
from search.mirror.study_place import StudyPlace, study_name_of, study_of_job, study_place
from search.storage.settings import StorageSettings
from spaces.errors import UsageError

AIMS = (Aim("loss", "minimize"),)


def test_in_a_folder_that_is_kept_the_study_and_its_files_lie_there(tmp_path):
    place = StudyPlace("name", {}).at(tmp_path, "seed 0")
    assert (place.where, place.files, place.adapter) == (
        tmp_path / "study.db",
        tmp_path / "artifacts",
        tmp_path / "adapter",
    )
    assert (place.identity, place.kept) == ("seed 0", True)


def test_in_one_that_is_not_there_are_no_files_and_nobody_goes_on_with_the_study(tmp_path):
    one, other = (StudyPlace("name", {}).at(tmp_path, None) for _ in range(2))
    assert (one.files, one.adapter, one.kept) == (None, None, False)
    assert one.identity != other.identity


def test_an_address_is_taken_whole_and_another_name_is_somebody_s_choice(tmp_path):
    address = f"sqlite:///{tmp_path / 'all.db'}"
    usual = study_place(StorageSettings(), "usual", {}).at(tmp_path, "seed 0")
    assert (usual.name, usual.chosen, usual.where) == ("usual", False, tmp_path / "study.db")
    chosen = study_place(StorageSettings(address, "mine"), "usual", {}).at(tmp_path, "seed 0")
    assert (chosen.name, chosen.chosen, chosen.where) == ("mine", True, address)
    assert chosen.files == tmp_path / "artifacts"


@pytest.mark.parametrize("name", [None, "mine"])
@pytest.mark.parametrize("command", [None, "rankscape run"])
def test_the_study_of_a_job_tells_of_its_model_task_space_and_budget(name, command):
    job = SimpleNamespace(model_title="lab/tiny", task=SimpleNamespace(name="rows"), title="lora[q]")
    found = study_of_job(job, "r=2", StorageSettings(study_name=name), command=command)
    assert (found.name, found.chosen) == (name or "rows, tiny, r=2", name is not None)
    assert found.facts == {"model": "lab/tiny", "task": "rows", "space": "lora[q]", "budget": "r=2"}
    assert found.command == command


def test_an_address_that_is_none_is_refused():
    with pytest.raises(UsageError, match="`storage`"):
        study_place(StorageSettings("nowhere"), "usual", {})


def test_another_plan_is_another_study_and_the_same_plan_the_same():
    place = StudyPlace("name", {}, identity="seed 0")
    assert place.of([1, 2]).identity == place.of([1, 2]).identity
    assert len({place.identity, place.of([1, 2]).identity, place.of([1, 3]).identity}) == 3
    assert place.of([1, 2]).identity != replace(place, identity="seed 1").of([1, 2]).identity


@pytest.mark.parametrize("kind", ["", "finalists", "99,840 parameters, alpha/r, lr 0.003", "in short"])
def test_a_study_s_name_says_of_which_kind_it_is(kind):
    place = StudyPlace("a, b", {})
    assert place.kind_of(place.called(kind)) == kind


@pytest.mark.parametrize("name", ["a", "a, ", "b, a, b", "a, bc", "a, b c, finalists"])
def test_the_name_of_another_study_says_nothing(name):
    assert StudyPlace("a, b", {}).kind_of(name) is None


def test_a_study_tells_the_facts_the_command_and_this_program_and_nothing_that_is_not_known():
    place = StudyPlace("a, b", {"model": "tiny", "metric": None}, command="rankscape run", identity="i")
    study = place.study(AIMS, kind="finalists", more={"seeds": [0, 1]})
    assert (study.name, study.aims, study.identity) == ("a, b, finalists", AIMS, "i")
    told = dict(study.attributes)
    assert told.pop("program").startswith("rankscape ")
    commit = told.pop("commit", None)
    assert told == {"model": "tiny", "seeds": [0, 1], "command": "rankscape run"}
    root = Path(__file__).parents[3]
    if (root / ".git").exists():
        head = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, check=True)
        assert head.stdout.decode().startswith(commit)
    assert place.study(AIMS).name == "a, b"


@pytest.mark.parametrize(
    ("model", "budget", "name"),
    [("FacebookAI/roberta-large", "0.5%", "mrpc, roberta-large, 0.5%"), ("tiny", "", "mrpc, tiny")],
)
def test_the_usual_name_has_the_model_s_own(model, budget, name):
    assert study_name_of("mrpc", model, budget) == name
