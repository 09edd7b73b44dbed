"""What tells one workload from another on disk, and the rows that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluators.training.sparing import Sparing
from search.methods.registry import policy_of


@dataclass(frozen=True)
class Trains:
    """A trainer with a number of its own."""

    rate: float = 1.0

    def __call__(self, model, workload, legs, on_step):
        raise AssertionError("nothing is trained here")


def test_whatever_decides_results_is_in_its_fingerprint_and_how_it_is_computed_is_not(workload, tiny_model):
    policy = policy_of("dylora", 10_000, tiny_model("bert"))
    others = [
        replace(workload, recipe=replace(workload.recipe, epochs=7.0)),
        replace(workload, policy=policy),
        replace(workload, report_on="test"),
        replace(workload, trainer=Trains()),
        replace(workload, trainer=Trains(2.0)),
        replace(workload, trainer=Trains(), sites=workload.sites[:1]),  # of which its candidates say nothing
    ]
    known = [workload.fingerprint, *(one.fingerprint for one in others)]
    assert len({*known}) == len(known)
    assert replace(workload).fingerprint == workload.fingerprint
    spared = replace(workload, sparing=Sparing(gradient_checkpointing=True, micro_batch_size=1))
    assert spared.fingerprint == workload.fingerprint
    assert replace(workload, sites=workload.sites[:1]).fingerprint == workload.fingerprint  # candidates say


def test_it_is_judged_by_the_validation_rows_unless_it_is_asked_about_the_test_rows(workload):
    task = replace(workload.task, test=workload.task.train.take([0, 1]))
    both = replace(workload, task=task)
    assert both.rows is task.validation
    assert replace(both, report_on="test").rows is task.test
