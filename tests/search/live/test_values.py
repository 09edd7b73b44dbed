"""Values by objective: of the last report, or of all the training that there would be; the front of them."""

from __future__ import annotations

from dataclasses import replace

from search.live.values import front_of, values_of
from tests.search.live.test_pruning import trial_of


def test_a_stopped_trial_has_the_last_values_and_the_seconds_that_all_of_it_would_have_taken():
    trial = replace(trial_of(0, 0.9, 0.7), step=30, seconds=2.0, peak_memory=512)
    assert values_of(trial, ("loss", "params", "seconds", "memory")) == (0.7, 100.0, 6.0, 512.0)


def test_a_front_is_of_those_that_were_trained_to_the_end():
    values = {0: (0.5, 300), 1: (0.6, 200), 2: (0.7, 250), 3: (0.4, 400), 4: (0.1, 100)}
    trials = [
        replace(trial_of(number, loss, params=params), state="pruned" if number == 4 else "complete")
        for number, (loss, params) in values.items()
    ]
    front = front_of(trials, [("loss", "minimize"), ("params", "minimize")])
    assert [one.number for one in front] == [0, 1, 3]
    assert [one.number for one in front_of(trials, [("loss", "minimize")])] == [3]
    assert front_of(trials[4:], [("loss", "minimize")]) == ()
