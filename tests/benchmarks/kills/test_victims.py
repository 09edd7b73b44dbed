"""A command ends of what its driver gets, but not of a pause, nor of what a worker gets."""

import pytest

from benchmarks.kills.victims import SIGNALS, VICTIMS


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("name", SIGNALS)
def test_a_command_ends_of_a_signal_to_its_driver_that_is_no_pause(victim, name):
    assert SIGNALS[name].ends(VICTIMS[victim]) == (victim != "worker" and name != "pause")
