"""What stands in the studies of a live search is what it told, also after it was killed anywhere."""

from __future__ import annotations

import re
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from search.live.values import values_of
from spaces.allocation import Allocation
from tests.search.mirror.shown_search import NAME, SETTINGS, place_in, shown

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@pytest.fixture(scope="module")
def space(make_space):
    return make_space([(16, 16)] * 6, (0, 1, 2, 4, 8))


def seen(study):
    return [
        (one.number, one.state, one.params, one.values, one.intermediate_values, one.user_attrs)
        for one in study.get_trials()
    ]


def test_every_trial_stands_there_as_it_ended(space, tmp_path, read):
    outcome = shown(place_in(tmp_path), space)
    full, short = read(tmp_path / "study.db", NAME), read(tmp_path / "study.db", f"{NAME}, in short")
    assert (len(full.trials), len(short.trials)) == (len(outcome.trials),) * 2
    for trial, stands, twin in zip(outcome.trials, full.trials, short.trials, strict=True):
        own = trial.configuration
        assert stands.state == twin.state == STATES[trial.state]
        assert stands.values == twin.values == list(values_of(trial, ("loss",)))
        assert stands.intermediate_values == {one.step: one.value for one in trial.reports}
        assert stands.params["learning rate"] == twin.params["learning rate"] == own.learning_rate
        assert stands.params["scaling"] == own.scaling
        ranks = {name: stands.params[name] for name in (site.name for site in space.sites)}
        assert Allocation.of(ranks) == own.allocation
        assert stands.user_attrs["proposer"] == trial.proposer
        assert stands.user_attrs["parameters"] == trial.params
        assert {"a", "b", "metric", "loss", "seconds"} <= stands.user_attrs.keys()
        upper = sum(own.allocation.rank(f"layers.{layer}.q") for layer in (3, 4, 5))
        total = sum(rank for _, rank in own.allocation.ranks)
        assert twin.params["share of upper half"] == pytest.approx(upper / total)
        assert twin.params["sites on"] == len(own.allocation.ranks)
        assert len(twin.params) == 6
    assert full.user_attrs["verdict"] == "Yes: a|b beats *uniform* by 0.1"
    assert full.best_trial.number == min(outcome.trials, key=lambda one: one.value).number


def test_a_search_that_was_killed_anywhere_leaves_the_studies_of_one_that_was_not(space, tmp_path, read):
    shown(place_in(tmp_path), space, conclude=False)
    undisturbed = seen(read(tmp_path / "study.db", NAME))
    for until in (1, 2, 3, 5, 8, 13):
        place = replace(place_in(tmp_path), name=f"killed {until}", storage=str(tmp_path / "s.log"))
        assert shown(place, space, until=until) is None
        running = [one.state for one in read(place.where, place.name).trials]
        assert TrialState.RUNNING in running
        shown(place, space, conclude=False)
        assert seen(read(place.where, place.name)) == undisturbed


def test_the_study_says_how_far_the_search_is_and_a_trial_how_far_it_is_from_the_best_baseline(
    space, tmp_path, read
):
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is an extra")
    outcome = shown(place_in(tmp_path), space, conclude=False)
    study = read(tmp_path / "study.db", NAME)
    counts = [
        f"{count} {state}"
        for state in ("complete", "pruned", "failed")
        if (count := sum(one.state == state for one in outcome.trials))
    ]
    said, steps = dashboard.get_note(study), sum(one.step for one in outcome.trials)
    assert said.startswith(f"{len(outcome.trials)} trials so far: {', '.join(counts)}; ")
    assert said.endswith(f" after {steps} candidate-steps.")
    for one in outcome.trials:
        note = dashboard.get_note(optuna.trial.Trial(study, study.trials[one.number]._trial_id))
        beside = re.search(r"to the best baseline after (\d+) steps: trial (\d+)", note)
        if beside is None:
            assert one.baseline
            continue
        assert int(beside[1]) == one.step
        other = outcome.trials[int(beside[2])]
        assert other.baseline
        apart = one.value - other.reports[len(one.reports) - 1].value
        assert f"{apart:+.4f} in loss to the best baseline" in note


def test_over_several_objectives_each_complete_trial_has_a_value_of_each(space, tmp_path, read):
    settings = replace(SETTINGS, objectives=("metric", "params"))
    outcome = shown(place_in(tmp_path), space, settings)
    study = read(tmp_path / "study.db", NAME)
    assert [one.name for one in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert study.metric_names == ["accuracy", "parameters"]
    for trial, stands in zip(outcome.trials, study.trials, strict=True):
        wanted = [trial.reports[-1].metric, float(trial.params)] if trial.state == "complete" else None
        assert stands.values == wanted


def test_files_notes_and_the_page_are_there(space, tmp_path, read):
    dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is an extra")
    from optuna.artifacts import get_all_artifact_meta

    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "README.md").write_text('```python\nload("path/to/this/folder")\n```\n')
    outcome = shown(place_in(tmp_path), space)
    study = read(tmp_path / "study.db", NAME)
    for trial in outcome.trials:
        files = {
            one.filename: one
            for one in get_all_artifact_meta(study.trials[trial.number], storage=study._storage)
        }
        assert files.keys() == {"ranks.png", "allocation.json"}
        kept = tmp_path / "artifacts" / files["allocation.json"].artifact_id
        assert Allocation.from_json(kept.read_text()) == trial.configuration.allocation
        assert (tmp_path / "artifacts" / files["ranks.png"].artifact_id).stat().st_size < 20_000
    winner = [one for one in outcome.trials if one.state == "complete"][-1]
    note = dashboard.get_note(optuna.trial.Trial(study, study.trials[winner.number]._trial_id))
    assert f"{winner.configuration.how}" in note
    assert "+0.1000 [+0.0500, +0.1500] in accuracy to the best baseline" in note
    assert "| 1 | failed |" in note
    assert f'load("path/to/{tmp_path.name}/adapter")' in note
    assert str(tmp_path) not in note
    assert dashboard.get_note(study).startswith("**Yes: a\\|b beats \\*uniform\\* by 0.1**")
    page = (tmp_path / "report.html").read_text()
    assert "Yes: a|b beats *uniform* by 0.1" in page
    assert page.count("<tr") == len(outcome.trials) + 2  # with the two tables' headers
    assert "<li>a note</li>" in page
    assert {one.filename for one in get_all_artifact_meta(study)} == {
        "report.html",
        "best-so-far.png",
        "rungs.png",
    }


def test_a_search_of_which_every_trial_failed_leaves_a_page_that_says_so(space, tmp_path, read):
    outcome = shown(place_in(tmp_path), space, fails=frozenset(range(1000)))
    study = read(tmp_path / "study.db", NAME)
    assert {one.state for one in study.trials} == {TrialState.FAIL}
    assert study.user_attrs["verdict"] == "No result: everything failed."
    for trial, stands in zip(outcome.trials, study.trials, strict=True):
        assert stands.user_attrs["steps"] == trial.step
        assert stands.user_attrs["seconds"] == trial.seconds
        assert stands.user_attrs["failure"] == "it broke"
    page = (tmp_path / "report.html").read_text()
    assert "<h1>No result: everything failed.</h1>" in page
    assert page.count("failed: it broke") == len(outcome.trials)
    assert not (tmp_path / "best-so-far.png").exists()
