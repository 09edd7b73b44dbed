"""What stands beside the metric: of uniform, and of the best in the metric's own direction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from search.study.judging.told_beside import told_beside
from tests.search.study.small_tables import SLOW, few


def with_beside(entry, values):
    """One value of a metric called extra for each run."""
    runs = [replace(run, beside=(("extra", one),)) for run, one in zip(entry.runs, values, strict=True)]
    return replace(entry, runs=tuple(runs))


def test_the_best_is_that_of_the_metric_whichever_way_it_is_better(make_entry):
    entries = [with_beside(entry, (i, i + 1.0)) for i, entry in enumerate(few(make_entry, SLOW))]
    means = [np.mean([run.metric for run in entry.runs]) for entry in entries]
    for direction, best in (("maximize", int(np.argmax(means))), ("minimize", int(np.argmin(means)))):
        (one,) = told_beside(entries, direction)
        assert (one.metric, one.uniform, one.best) == ("extra", 0.5, best + 0.5)
        assert one.best_origin == entries[best].origins[0]


def test_an_allocation_with_a_failed_run_is_passed_over(make_entry):
    entries = [with_beside(entry, (i, i + 1.0)) for i, entry in enumerate(few(make_entry, SLOW))]
    (before,) = told_beside(entries, "maximize")
    place = int(before.best)
    failed = replace(entries[place].runs[0], metric=None, loss=None, failure="nan", beside=())
    entries[place] = replace(entries[place], runs=(failed, entries[place].runs[1]))
    (after,) = told_beside(entries, "maximize")
    assert int(after.best) != place


def test_without_other_metrics_there_is_nothing_to_tell(make_entry):
    assert told_beside(few(make_entry, SLOW), "maximize") == []
