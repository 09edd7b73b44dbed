"""What another ledger holds is recorded where it is missing, as of a driver that died."""

from __future__ import annotations

import torch

from evaluators.store.ledger import Ledger
from tests.evaluators.store.test_ledger import CANDIDATE, LEG, PAUSED, paused, trained


def test_what_another_ledger_has_of_a_leg_is_recorded_where_it_is_missing(tmp_path):
    own, other = Ledger(tmp_path / "own", "context"), Ledger(tmp_path / "other", "context")
    other.record(PAUSED, paused())
    own.adopt(LEG, other)
    assert own.find(LEG) is None
    own.adopt(PAUSED, other)
    assert own.find(PAUSED).evaluation == paused().evaluation
    torch.testing.assert_close(own.find(PAUSED).state.mean, paused().state.mean, rtol=0, atol=0)
    own.forget_state(CANDIDATE)
    own.adopt(PAUSED, other)
    assert own.find(PAUSED).state.step == 2


def test_all_that_has_ended_elsewhere_is_copied_without_states(tmp_path):
    own, other = Ledger(tmp_path / "own", "context"), Ledger(tmp_path / "other", "context")
    other.record(PAUSED, paused())
    other.record(LEG, trained())
    own.adopt_all(other)
    own.adopt_all(other)
    torch.testing.assert_close(own.find(LEG).tensors, trained().tensors, rtol=0, atol=0)
    assert own.find(PAUSED).evaluation == paused().evaluation
    assert own.find(PAUSED).state is None


def test_tensors_of_a_recording_that_was_killed_are_not_mixed_with_what_is_copied(tmp_path):
    own, other = Ledger(tmp_path / "own", "context"), Ledger(tmp_path / "other", "context")
    other.record(LEG, trained())
    (written,) = (tmp_path / "other").glob("*.safetensors")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / written.name).write_bytes(b"half of other tensors")
    own.adopt_all(other)
    torch.testing.assert_close(own.find(LEG).tensors, trained().tensors, rtol=0, atol=0)
