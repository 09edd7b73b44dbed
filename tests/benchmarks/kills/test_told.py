"""Two folders say the same where they differ in times alone, and each other difference is named."""

import json

import optuna
import pytest
from optuna.storages import RDBStorage

from benchmarks.kills.told import differences, left_over, told
from evaluators.store.whole_file import unfinished_path
from search.job.run_names import STUDY_FILE
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from tests.search.folder.folder_runs import folder_at


@pytest.fixture
def folder(tmp_path):
    """A function that makes a folder of a run that took so many seconds."""

    def make(name, seconds=1, **numbers):
        place = tmp_path / name
        place.mkdir()
        result = {"best": {"loss": 0.5, "seconds": seconds, **numbers}, "seconds": {"scoring": seconds}}
        (place / "result.json").write_text(json.dumps(result))
        (place / "result.csv").write_text(f'proposed_by,loss,seconds\n"a,b",0.5,{seconds}\n')
        (place / "result.md").write_text(f"| a | 0.5 |\n\n- time: scoring {seconds} s\n")
        (place / "report.html").write_text(f"<td>0.5</td>\n<tr><td>0.5</td><td>{seconds}</td></tr>\n")
        (place / ".lock").touch()
        study = optuna.create_study(study_name="trials", storage=f"sqlite:///{place}/study.db")
        trial = study.ask(
            {"rank": optuna.distributions.IntDistribution(0, 8)},
        )
        trial.set_user_attr("seconds", seconds)
        study.tell(trial, numbers.get("value", 0.5))
        return place

    return make


def test_times_are_no_difference_and_numbers_are(folder):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    fast, slow = folder("fast"), folder("slow", seconds=77)
    one = told(fast)
    for study in (one["study.db"], (other := told(slow))["study.db"]):
        study["trials"]["trials"][0]["parameters"] = {}  # which were drawn
    assert set(one) == {"result.json", "result.csv", "result.md", "report.html", "study.db"}
    assert differences(one, other) == []
    (slow / "result.csv").write_text('proposed_by,loss,seconds\n"a,b",0.6,1\n')
    (slow / "report.html").unlink()
    changed = {**told(slow), "study.db": other["study.db"]}
    assert differences(one, changed) == [
        "report.html: is there once",
        "result.csv: [0].loss '0.5', not '0.6'",
    ]


def test_two_folders_in_which_the_program_began_the_same_run_say_the_same(tmp_path):
    """Each has a token of its own, and its study an identity made of that."""
    for name in ("one", "other"):
        folder = folder_at(tmp_path / name)
        with folder.opened() as place:
            folder.begin()
            own = StudyPlace("trials", {"space": "lora"}).at(place, folder.identity).of("a plan")
            begin_study(RDBStorage(f"sqlite:///{place / STUDY_FILE}"), own.study([Aim("loss", "minimize")]))
            folder.finish({"best": 1})
    one, other = told(tmp_path / "one"), told(tmp_path / "other")
    assert set(one) == {"options.json", "result.json", "study.db"}
    assert len(one["study.db"]) == 2
    assert differences(one, other) == []


def test_what_is_left_of_a_killed_start_is_named(tmp_path):
    names = [unfinished_path(tmp_path / "a.json", "part").name, "study.db-journal"]
    for name in (*names, "study.db", "mine.txt"):
        (tmp_path / name).touch()
    assert left_over(tmp_path) == sorted(names)
