"""Candidates are trained once, in the order asked for, by whoever is handed in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from evaluators.executors.local import LocalExecutor
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg, whole
from search.job.fine_tune import fine_tune, fine_tune_all, fine_tune_legs
from search.job.prepare import prepare
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings


class Telling:
    """An executor that trains nothing and gives every candidate its seed as its metric."""

    def __init__(self):
        self.asked = []

    def __call__(self, work, models, *, on_done, on_begin, on_step):
        steps = [one.workload.recipe.steps(len(one.workload.task.train)) for one in work]
        left = [sum(leg not in one.known for leg in one.legs) for one in work]
        on_begin(sum(each * count for each, count in zip(steps, left, strict=True)))
        for index, one in enumerate(work):
            for leg in one.legs:
                if leg not in one.known:
                    self.asked.append((index, leg.candidate.seed))
                    metric = float(leg.candidate.seed)
                    evaluation = Evaluation(leg.candidate, metric, 0.5, None, (0.5,), 1.0, 0)
                    on_done(index, Trained(evaluation, {}))
                    on_step(steps[index])


@pytest.fixture
def told(make_ground):
    """A job on a machine that only tells, and its executor."""
    ground, telling = make_ground(), Telling()
    ground.machine = replace(ground.machine, executor=telling)
    training = TrainingSettings(seeds=3)
    return prepare(ground, SpaceSettings(space="lora[q]", budget="r=2"), training, ScoringSettings()), telling


def test_what_a_folder_holds_is_read_and_not_trained_again(told, tmp_path):
    job, telling = told
    candidates = job.candidates(job.space.allocation([2, 2, 2]))
    first = fine_tune(job, candidates[:2], tmp_path, keep_tensors=False)
    both = fine_tune(job, [*reversed(candidates)], tmp_path, keep_tensors=False)
    assert [one.evaluation.metric for one in first] == [0, 1]
    assert [one.evaluation.metric for one in both] == [2, 1, 0]
    assert telling.asked == [(0, 0), (0, 1), (0, 2)]


class Interrupted(Exception):
    """In place of a kill."""


class Stopping:
    """An executor that is interrupted once ``left`` legs are announced; their marks may be lost."""

    def __init__(self, executor, left, *, marked=True):
        self.executor, self.left, self.marked = executor, left, marked

    def __call__(self, work, models, *, on_done, on_begin, on_step):
        def announce(index, trained):
            if not self.left:
                raise Interrupted
            self.left -= 1
            on_done(index, trained if self.marked else replace(trained, together=""))

        self.executor(work, models, on_done=announce, on_begin=on_begin, on_step=on_step)


def in_waves(job, folder, executor):
    """Three candidates of one job, who pause at steps 3 and 5, as they are in the end."""
    job.ground.machine = replace(job.machine, executor=executor)
    ranks = job.space.allocation([2, 2, 2])
    candidates = [
        Candidate(ranks, seed, 1e-2, scaling) for seed, scaling in enumerate([None, "constant", None])
    ]
    states, ledger = [None] * 3, job.ledger(folder)
    for until in (3, 5, None):
        legs = [Leg(one, until, state) for one, state in zip(candidates, states, strict=True)]
        trained = fine_tune_legs(job.workload, legs, ledger, job.machine, keep_tensors=True)
        states = [one.state for one in trained]
    return trained


@pytest.mark.parametrize("announced", [1, 3, 8])  # 3: between two waves; otherwise within a cohort
def test_what_was_interrupted_gives_the_same_bits(make_ground, tmp_path, announced):
    training = TrainingSettings(batch_size=8, epochs=2)
    job = prepare(make_ground(), SpaceSettings("lora[q]", "r=2"), training, ScoringSettings())
    local = LocalExecutor(("cpu",), cohort_size=2)
    undisturbed = in_waves(job, tmp_path / "undisturbed", local)
    with pytest.raises(Interrupted):
        in_waves(job, tmp_path / "killed", Stopping(local, announced))
    again = in_waves(job, tmp_path / "killed", local)
    for one, other in zip(again, undisturbed, strict=True):
        assert one.evaluation.curve == other.evaluation.curve
        assert one.evaluation.loss == other.evaluation.loss
        assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    assert not list((tmp_path / "killed").glob("*.state.*"))


def test_workloads_are_trained_together_and_told_apart(told, tmp_path):
    job, telling = told
    (one, *_), other = (
        job.candidates(job.space.allocation([2, 2, 2])),
        replace(job.workload, report_on="test"),
    )
    work = [(job.workload, whole([one])), (other, whole([one, one]))]
    found = fine_tune_all(work, tmp_path, job.machine, keep_tensors=False)
    assert [len(own) for own in found] == [1, 2]
    assert [index for index, _ in telling.asked][:2] == [0, 1]


def test_what_is_asked_for_twice_is_trained_once(told, tmp_path):
    job, _ = told
    steps = []

    @contextmanager
    def progress(title, total, unit, *, units=None):
        yield lambda count, note="": steps.append(count)

    one, *_ = job.candidates(job.space.allocation([2, 2, 2]))
    first, second = fine_tune(job, [one, one], tmp_path, keep_tensors=False, progress=progress)
    assert first == second
    assert sum(steps) == job.recipe.steps(len(job.task.train))


def test_of_no_workload_nothing_comes(told, tmp_path):
    job, telling = told
    assert fine_tune_all([], tmp_path, job.machine, keep_tensors=False) == []
    assert telling.asked == []


def test_progress_counts_the_steps_that_are_left(told, tmp_path):
    job, _ = told
    seen = []

    @contextmanager
    def progress(title, total, unit, *, units=None):
        seen.append((title, total, unit))
        yield lambda count, note="": seen.append(count) if count else None

    candidates = job.candidates(job.space.allocation([2, 2, 2]))
    fine_tune(job, candidates[:1], tmp_path, keep_tensors=False, progress=progress)
    steps = job.recipe.steps(len(job.task.train))
    assert seen == [("fine-tuning", steps, "step"), steps]
    fine_tune(job, candidates, tmp_path, keep_tensors=False, progress=progress)
    assert seen[2:] == [("fine-tuning", 2 * steps, "step"), steps, steps]


@pytest.mark.parametrize(
    ("first", "then", "announced", "pauses", "marked"),
    [
        (3, 3, 1, False, True),
        (2, 3, 1, False, True),
        (3, 2, 4, False, False),
        (3, 3, 4, True, False),
        (2, 3, 2, True, True),
        (3, 2, 1, True, True),
    ],
)
def test_progress_after_an_interruption_counts_what_is_trained(
    make_ground, tmp_path, first, then, announced, pauses, marked
):
    """Known legs are trained again where their cohort was interrupted, or others of it pause.

    first, then: the sizes of cohorts at first and after it. announced: legs until the interruption."""
    space, training = SpaceSettings("lora[q]", "r=2"), TrainingSettings(batch_size=8, epochs=1, seeds=5)
    job = prepare(make_ground(), space, training, ScoringSettings())
    candidates = job.candidates(job.space.allocation([2, 2, 2]))
    legs = [Leg(one, until=2) if pauses else Leg(one) for one in candidates]
    totals, steps = [], []

    @contextmanager
    def progress(title, total, unit, *, units=None):
        totals.append(total)
        steps.clear()
        yield lambda count, note="": steps.append(count)

    def train(executor):
        machine = replace(job.machine, executor=executor)
        return fine_tune_legs(job.workload, legs, job.ledger(tmp_path), machine, progress=progress)

    with pytest.raises(Interrupted):
        train(Stopping(LocalExecutor(("cpu",), first), announced, marked=marked))
    train(LocalExecutor(("cpu",), then))
    assert sum(steps) == totals[-1] > 0
    legs += [Leg(replace(candidates[0], seed=9), until=2 if pauses else None)]
    train(LocalExecutor(("cpu",), first))
    assert sum(steps) == totals[-1] > 0


class Heard:
    """A log that notes whose runs it was told of."""

    def __init__(self):
        self.seeds = []

    def named(self, candidate, name, of=None): ...

    def __call__(self, workload, mark, trained):
        assert mark == workload.fingerprint
        self.seeds.append(trained.evaluation.candidate.seed)


def test_the_log_is_told_of_what_is_trained_and_of_what_was_before(told, tmp_path):
    job, _ = told
    candidates, heard = job.candidates(job.space.allocation([2, 2, 2])), Heard()
    fine_tune(job, candidates[:2], tmp_path, keep_tensors=False)
    machine = replace(job.machine, log=heard)
    fine_tune_all([(job.workload, whole(candidates))], tmp_path, machine, keep_tensors=False)
    assert heard.seeds == [0, 1, 2]


def test_progress_says_how_many_have_ended_and_the_best(told, tmp_path):
    job, _ = told
    notes = []

    @contextmanager
    def progress(title, total, unit, *, units=None):
        yield lambda count, note="": notes.append(note)

    candidates = job.candidates(job.space.allocation([2, 2, 2]))
    fine_tune(job, candidates, tmp_path, keep_tensors=False, progress=progress)
    assert [note for note in notes if note] == [
        f"{number} of 3 runs ended, best accuracy {number - 1}.0000" for number in (1, 2, 3)
    ]
