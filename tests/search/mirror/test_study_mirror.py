"""A study is made what it shall show, nothing is written twice, and what a killed start left is completed."""

from dataclasses import replace
from datetime import timedelta

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState

from search.mirror.shown import Aim, ShownFile, ShownStudy, ShownTrial
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.storage.bulk_writer import BulkWriter
from search.storage.opened_storage import opened_storage
from search.storage.writer import PlainWriter
from spaces.errors import InputError, UsageError

STUDY = ShownStudy(
    "sst2", (Aim("loss", "minimize"), Aim("params", "minimize")), "seed 0", {"model": "MiniLM", "budget": 9}
)
DISTRIBUTIONS = {
    "layers.0.q": IntDistribution(0, 64),
    "learning rate": FloatDistribution(1e-5, 1e-2, log=True),
}
RUNNING, COMPLETE, PRUNED = TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED


def a_trial(number, **more):
    params = {"layers.0.q": number, "learning rate": 3e-4}
    attributes = {"proposer": "tpe", "parameters": 12}
    return ShownTrial(number, params, DISTRIBUTIONS, **{"attributes": attributes, **more})


STORY = [  # of one search: each a call
    [a_trial(0, note="began"), a_trial(1)],
    [a_trial(0, reports=((1, 0.9),)), a_trial(1, reports=((1, 0.7),))],
    [a_trial(0, reports=((1, 0.9),), state=PRUNED, note="pruned")],
    [a_trial(2)],
    [a_trial(1, reports=((1, 0.7), (9, 0.5)), state=COMPLETE, values=(0.5, 12.0), note="the *best*")],
    [a_trial(2, state=TrialState.FAIL, attributes={"failure": "diverged"})],
]


def told(place, story, study=STUDY, **more):
    with opened_storage(place) as storage:
        mirror = begin_study(storage, study, **more)
        for trials in story:
            mirror.show(trials)
        return mirror.name


def seen(study):
    return [
        (one.number, one.state, one.params, one.values, one.intermediate_values, one.user_attrs)
        for one in study.get_trials()
    ]


def test_the_study_is_there_from_the_first_second_with_its_directions_names_and_attributes(place, read):
    told(place, [])
    study = read(place, "sst2")
    assert study.directions == [StudyDirection.MINIMIZE, StudyDirection.MINIMIZE]
    assert study.metric_names == ["loss", "params"]
    assert study.user_attrs == {"model": "MiniLM", "budget": 9}
    assert not study.trials


def test_trials_run_report_and_end_with_durations_of_their_own(place, read):
    told(place, STORY[:2])
    study = read(place, "sst2")
    assert [one.state for one in study.trials] == [RUNNING, RUNNING]
    assert [one.intermediate_values for one in study.trials] == [{1: 0.9}, {1: 0.7}]
    told(place, STORY)
    pruned, complete, failed = read(place, "sst2").get_trials()
    assert [one.state for one in (pruned, complete, failed)] == [PRUNED, COMPLETE, TrialState.FAIL]
    assert complete.values == [0.5, 12.0]
    assert complete.intermediate_values == {1: 0.7, 9: 0.5}
    assert complete.params == {"layers.0.q": 1, "learning rate": 3e-4}
    assert complete.distributions == DISTRIBUTIONS
    assert failed.user_attrs == {"proposer": "tpe", "parameters": 12, "failure": "diverged"}
    assert complete.datetime_start == study.get_trials()[1].datetime_start  # of the first start
    assert all(one.duration > timedelta(0) for one in (pruned, complete, failed))


def test_a_start_after_one_that_was_killed_tells_it_all_again_and_nothing_stands_twice(place, read):
    told(place, STORY)
    undisturbed = seen(read(place, "sst2"))
    for killed_after in range(len(STORY)):
        study = replace(STUDY, name=f"killed {killed_after}")
        told(place, STORY[:killed_after], study)
        told(place, STORY, study)
        assert seen(read(place, study.name)) == undisturbed


def test_two_that_keep_it_at_once_write_nothing_twice_and_nothing_over(place, read):
    """As one who was stopped for long, and wakes when another has taken over."""
    told(place, STORY, replace(STUDY, name="undisturbed"))
    with opened_storage(place) as storage:
        stopped, other = begin_study(storage, STUDY), begin_study(storage, STUDY)
        for number, trials in enumerate(STORY):
            other.show(trials)
            if number % 2:
                for one in STORY[: number + 1]:
                    stopped.show(one)
    assert seen(read(place, "sst2")) == seen(read(place, "undisturbed"))


def test_what_stands_there_is_not_written_again(tmp_path):
    told(tmp_path / "study.db", STORY)
    before = (tmp_path / "study.db").read_bytes()
    told(tmp_path / "study.db", STORY)
    assert (tmp_path / "study.db").read_bytes() == before


def test_another_study_of_that_name_is_left_alone_and_the_next_is_numbered(place, read):
    assert told(place, STORY) == "sst2"
    assert told(place, STORY[:1], replace(STUDY, identity="seed 1")) == "sst2 (2)"
    assert told(place, STORY[:1], replace(STUDY, aims=STUDY.aims[:1])) == "sst2 (3)"
    assert told(place, STORY[:2], replace(STUDY, identity="seed 1")) == "sst2 (2)"
    assert len(read(place, "sst2").trials) == 3
    with pytest.raises(UsageError, match="`storage` has a study 'sst2' of another search"):
        told(place, STORY, replace(STUDY, identity="seed 1"), named=True)


def test_of_two_runs_that_begin_a_study_at_the_same_moment_one_takes_another_name(place, read, monkeypatch):
    with opened_storage(place) as storage:
        directions = storage.get_study_directions

        def meanwhile(study_id):
            """Another process has found the study as new as this one has."""
            monkeypatch.undo()
            storage.set_study_system_attr(study_id, "rankscape:identity", "seed 1")
            return directions(study_id)

        monkeypatch.setattr(storage, "get_study_directions", meanwhile)
        assert begin_study(storage, STUDY).name == "sst2 (2)"
    assert told(place, STORY[:1], replace(STUDY, identity="seed 1")) == "sst2"
    assert told(place, STORY) == "sst2 (2)"
    assert [len(read(place, name).trials) for name in ("sst2", "sst2 (2)")] == [2, 3]


def test_what_the_same_run_has_outgrown_stays_and_the_next_is_numbered_also_where_the_name_was_chosen(place):
    run = StudyPlace("sst2", {}, identity="seed 0")
    small, grown = (replace(STUDY, identity=run.of(seeds).identity) for seeds in (2, 3))
    assert told(place, STORY[:2], small, named=True) == "sst2"
    assert told(place, STORY, grown, named=True) == "sst2 (2)"
    assert told(place, STORY, small, named=True) == "sst2"
    other = replace(STUDY, identity=replace(run, identity="seed 1").of(2).identity)
    with pytest.raises(UsageError, match="`storage` has a study 'sst2' of another search"):
        told(place, STORY, other, named=True)


def test_a_number_that_stands_for_other_parameters_is_refused(place):
    told(place, STORY)
    other = replace(a_trial(0), params={"layers.0.q": 5, "learning rate": 3e-4})
    with pytest.raises(InputError, match=r"trial 0 of the study 'sst2' has other parameters"):
        told(place, [[other]])


def test_the_dashboard_reads_notes_figures_and_files(place, read, tmp_path):
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is an extra")
    from optuna.artifacts import FileSystemArtifactStore, download_artifact, get_all_artifact_meta
    from optuna_dashboard._custom_plot_data import get_plotly_graph_objects

    (tmp_path / "files").mkdir()
    kept = tmp_path / "files" / "0a-1"
    kept.write_text("{}")
    file = ShownFile("allocation.json", kept)
    long = "ä\n" * 3000  # three attributes
    with opened_storage(place) as storage:
        mirror = begin_study(storage, STUDY)
        mirror.show([a_trial(0, note=long, attachments=(file,))])
        mirror.show([a_trial(0, note="short", attachments=(file,), state=PRUNED)])
        mirror.show([a_trial(0, note="began again")])  # as a replay does
        mirror.describe(note=long, figures={"best": {"data": [{"x": [1] * 2000}]}}, attachments=[file])
        mirror.describe(note="the verdict", figures={"best": {"data": []}}, attributes={"verdict": "no"})
    study = read(place, "sst2")
    trial = study.trials[0]
    assert dashboard.get_note(study) == "the verdict"
    assert dashboard.get_note(optuna.trial.Trial(study, trial._trial_id)) == "short"
    assert get_plotly_graph_objects(study._storage.get_study_system_attrs(study._study_id)) == {
        "best": '{"data": []}'
    }
    assert study.user_attrs["verdict"] == "no"
    for owner in (trial, study):
        (meta,) = get_all_artifact_meta(owner, storage=study._storage)
        assert (meta.filename, meta.mimetype) == ("allocation.json", "application/json")
        store = FileSystemArtifactStore(kept.parent)
        download_artifact(artifact_store=store, file_path=str(tmp_path / "got"), artifact_id=meta.artifact_id)
        assert (tmp_path / "got").read_text() == "{}"
        (tmp_path / "got").unlink()


def test_a_database_is_written_in_bulk_and_a_journal_by_optuna(tmp_path):
    for place, kind in ((tmp_path / "s.db", BulkWriter), (str(tmp_path / "s.log"), PlainWriter)):
        with opened_storage(place) as storage:
            assert isinstance(begin_study(storage, STUDY).writer, kind)
