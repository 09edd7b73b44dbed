"""What a log is told of a candidate: every step once, and how it was judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluators.executors.workload import Workload
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.job.logs.training_log import CurveLog, Unlogged
from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from spaces.allocation import Allocation

CANDIDATE = Candidate(Allocation.of({"layers.0.q": 2, "layers.1.q": 0}), 3, 0.01)


@pytest.fixture
def workload(make_ground) -> Workload:
    settings = SpaceSettings(space="lora[q]", budget="r=2"), TrainingSettings(epochs=2), ScoringSettings()
    return prepare(make_ground(), *settings).workload


def trained(*curve: float, loss: float | None = None, candidate: Candidate = CANDIDATE) -> Trained:
    metric = None if loss is None else 1 - loss
    beside = () if loss is None else (("f1", 0.5),)
    return Trained(Evaluation(candidate, metric, loss, None, curve, 1.0, 0, beside), {})


class Told(list):
    def __call__(self, run, points, settings) -> None:
        self.append((run, [(one.name, one.step, one.value) for one in points], settings))


def test_stretches_of_one_candidate_are_told_once_each(workload):
    told = Told()
    log = CurveLog(told)
    log(workload, "mark", trained(0.9, 0.8, loss=0.7))
    log(workload, "mark", trained(0.9, 0.8, loss=0.7))  # was found on disk
    log(workload, "mark", trained(0.9, 0.8, 0.6))
    (first, points, settings), (second, more, _) = told
    assert first == second
    total = workload.recipe.steps(len(workload.task.train))
    rates = [0.01 * linear_schedule(step, total, warmup=0.06) for step in range(3)]
    assert points == [
        ("train/loss", 1, 0.9),
        ("train/learning_rate", 1, rates[0]),
        ("train/loss", 2, 0.8),
        ("train/learning_rate", 2, rates[1]),
        ("validation/loss", 2, 0.7),
        ("validation/accuracy", 2, pytest.approx(0.3)),
        ("validation/f1", 2, 0.5),
    ]
    assert more == [("train/loss", 3, 0.6), ("train/learning_rate", 3, rates[2])]
    assert settings == {
        "learning_rate": 0.01,
        "seed": 3,
        "scaling": workload.recipe.scaling.rule,
        "ranks": "layers.0.q=2",
    }


def test_a_run_is_called_as_it_was_named_and_its_name_fits_a_folder(workload):
    told = Told()
    log = CurveLog(told)
    log.named(CANDIDATE, "trial-0007-../snip exact")
    log.named(CANDIDATE, "finalist")  # the first name stays
    log(workload, "mark", trained(0.9))
    assert told[0][0].startswith("trial-0007-..-snip-exact-seed3-")
    log(workload, "mark", trained(0.9, candidate=replace(CANDIDATE, learning_rate=0.02)))
    assert told[1][0].startswith("lora-lr0.02-seed3-")


def test_one_candidate_of_several_workloads_has_a_name_with_each(workload):
    told = Told()
    log, other, third = CurveLog(told), replace(workload, report_on="test"), replace(workload)
    log.named(CANDIDATE, "lora", workload)
    log.named(CANDIDATE, "dylora", other)
    log.named(CANDIDATE, "any")
    for mark, own in (("a", workload), ("b", other), ("c", third)):
        log(own, mark, trained(0.9))
    assert [run.partition("-seed3-")[0] for run, *_ in told] == ["lora", "dylora", "any"]


def test_what_differs_only_in_its_workload_is_another_run(workload):
    told = Told()
    log = CurveLog(told)
    for mark in ("one", "two"):
        log(workload, mark, trained(0.9))
    assert told[0][0] != told[1][0]


def test_what_failed_at_once_is_there_without_a_point(workload):
    told = Told()
    CurveLog(told)(workload, "mark", trained())
    assert told[0][1] == []
    Unlogged()(workload, "mark", trained())
    Unlogged().named(CANDIDATE, "nobody")
