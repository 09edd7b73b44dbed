"""Trials of several seeds in studies of allocations and in comparisons, which may be trained again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import optuna
import pytest
from optuna.trial import TrialState

from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.compare.arm import arms_of
from search.compare.arm_training import Chosen, Planned
from search.compare.arms_mirror import arms_shown
from search.job.job import Job
from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.mirror.dashboard_keys import note_of
from search.mirror.study_place import StudyPlace
from search.storage.opened_storage import opened_storage
from search.study.draw import draw_shapes
from search.study.strata import stratum_of
from search.study.stratum_mirror import stratum_mirror

SPACE = SpaceSettings(space="lora[q]", budget="r=2", scaling="alpha/r")
SEEDS = (0, 1)
Ended = Callable[[int, str | None], None]
"""Tells the log of a seed's run, with the reason for which it failed and may pass."""


@pytest.fixture
def job(make_ground) -> Job:
    return prepare(make_ground(), SPACE, TrainingSettings(seeds=len(SEEDS), lr=1e-2), ScoringSettings())


def trained(candidate: Candidate, reason: str | None) -> Trained:
    value = None if reason else 0.5 + 0.25 * candidate.seed
    return Trained(Evaluation(candidate, value, value, reason, (), 1.0, 0, may_pass=reason is not None), {})


@contextmanager
def a_stratum(place: StudyPlace, job: Job) -> Iterator[Ended]:
    drawn = draw_shapes(job.space, job.max_params)[:1]
    stratum = stratum_of(job, "budget", drawn)
    with stratum_mirror(place, job, stratum, drawn, []) as machine:
        runs = job.candidates(drawn[0].allocation)
        yield lambda seed, reason: machine.log(
            job.workload, job.workload.fingerprint, trained(runs[seed], reason)
        )


@contextmanager
def a_comparison(
    place: StudyPlace, job: Job, *, rate: float = 1e-2, method: str = "lora", rule: str = "alpha/r"
) -> Iterator[Ended]:
    (arm,), (start, *_) = arms_of(method, SPACE), draw_shapes(job.space, job.max_params)
    chosen = Chosen(Planned(arm, job, job.workload, start.allocation, (rate,), rule), rate)
    mark, runs = chosen.planned.on("test").fingerprint, chosen.planned.candidates(SEEDS, (rate,))
    with arms_shown(place)([chosen], SEEDS) as machine:
        yield lambda seed, reason: machine.log(job.workload, mark, trained(runs[seed], reason))


SHOWN: dict[str, Callable[[StudyPlace, Job], AbstractContextManager[Ended]]] = {
    "study": a_stratum,
    "compare": a_comparison,
}


def seen(place: StudyPlace) -> tuple[optuna.trial.FrozenTrial, str]:
    """The trial of the only study that is no twin of another, and the study's note."""
    with opened_storage(place.where) as storage:
        (study,) = [one for one in storage.get_all_studies() if not one.study_name.endswith(", in short")]
        (trial,) = storage.get_all_trials(study._study_id)
        return trial, note_of(storage.get_study_system_attrs(study._study_id), trial_id=None)


def note_of_trial(place: StudyPlace) -> str:
    """The note of that trial."""
    trial, _ = seen(place)
    with opened_storage(place.where) as storage:
        (study,) = [one for one in storage.get_all_studies() if not one.study_name.endswith(", in short")]
        return note_of(storage.get_study_system_attrs(study._study_id), trial_id=trial._trial_id)


@pytest.mark.parametrize("kind", SHOWN)
@pytest.mark.parametrize("lost", [(1,), SEEDS])
def test_a_failure_that_passes_on_the_next_start_leaves_its_trial_running_until_then(
    kind, lost, job, tmp_path, caplog
):
    place = StudyPlace("tiny", {}).at(tmp_path, "this run")
    with SHOWN[kind](place, job) as ended:
        for seed in SEEDS:
            ended(seed, "a worker died" if seed in lost else None)
    trial, note = seen(place)
    assert (trial.state, note) == (
        TrialState.RUNNING,
        "1 trial left running, for the same line to train again: a worker died",
    )
    assert note in caplog.text
    with SHOWN[kind](place, job) as ended:
        for seed in SEEDS:
            ended(seed, None)
    trial, note = seen(place)
    assert (trial.state, trial.value, trial.user_attrs["finished"], note) == (
        TrialState.COMPLETE,
        pytest.approx(0.625),
        2,
        "",
    )


@pytest.mark.parametrize("kind", SHOWN)
def test_one_that_is_trained_again_in_the_same_start_ends_in_it(kind, job, tmp_path):
    place = StudyPlace("tiny", {}).at(tmp_path, "this run")
    with SHOWN[kind](place, job) as ended:
        for seed, reason in ((0, "a worker died"), (1, None), (0, None)):
            ended(seed, reason)
    trial, note = seen(place)
    assert (trial.state, trial.value, note) == (TrialState.COMPLETE, pytest.approx(0.625), "")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (a_stratum, "**uniform**: 3 sites on, 384 parameters; mean accuracy on 13 validation rows"),
        (a_comparison, "**lora**: lr 0.01, alpha/r, within 384 parameters; mean accuracy on 30 test rows"),
        (
            partial(a_comparison, method="head", rule="none"),
            "**head**: lr 0.01; mean accuracy on 30 test rows",
        ),
        (
            partial(a_comparison, method="peft-ia3", rule="none"),
            "**peft-ia3**: lr 0.01, within 384 parameters; mean accuracy on 30 test rows",
        ),
    ],
)
def test_each_has_a_note_in_words_from_its_beginning_on(shown, said, job, tmp_path):
    place = StudyPlace("tiny", {}).at(tmp_path, "this run")
    with shown(place, job) as ended:
        begun = note_of_trial(place)
        for seed in SEEDS:
            ended(seed, None)
    assert begun == note_of_trial(place) == f"{said} over 2 seeds, more is better"
