"""An executor that is opened stays what it was, and has its own workers train."""

from __future__ import annotations

from evaluators.base.base_models import BaseModels
from evaluators.executors.executor import OpenedExecutor
from evaluators.executors.local import LocalExecutor


def test_an_opened_one_has_the_settings_of_before_and_what_it_is_given_trains():
    given = []

    def train(work, models, *, on_done, on_begin, on_step):
        given.append((work, models, on_done, on_begin, on_step))

    local, models = LocalExecutor(("cpu",), cohort_size=3, jobs=5), BaseModels()
    opened = OpenedExecutor(local, train)
    assert (opened.at_once, opened.cohort_size) == (5, 3)
    opened([], models, on_done=print, on_begin=str, on_step=repr)
    assert given == [([], models, print, str, repr)]
    with opened.opened() as again:
        assert again is opened
