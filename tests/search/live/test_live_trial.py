"""A trial's own words for itself."""

from __future__ import annotations

from dataclasses import replace

from search.sampling.proposer import UNIFORM, Proposer
from tests.search.live.test_pruning import trial_of


def test_its_proposers_are_joined_and_its_value_is_the_last():
    trial = replace(trial_of(0, 0.9, 0.7), proposers=(UNIFORM, Proposer("exact", "snip")))
    assert trial.proposer == f"{UNIFORM}+snip/exact"
    assert trial.value == 0.7
    assert trial_of(0).value is None
