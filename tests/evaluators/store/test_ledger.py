"""What is recorded comes back; what is not whole, or of another context, does not."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest
import torch

from evaluators.base.base_model import ModelSource
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from evaluators.store.ledger import Ledger, fingerprint
from evaluators.store.sealed_json import read_sealed, write_sealed
from evaluators.training.candidate import Candidate, Course, Evaluation, Recipe, Trained
from evaluators.training.leg import Leg
from evaluators.training.state import State
from spaces.allocation import Allocation
from spaces.scaling import Scaling

CANDIDATE = Candidate(Allocation.of({"layers.0.q": 2}), 3, 1e-3)
LEG = Leg(CANDIDATE)


COURSE = Course(
    Allocation.of({"layers.0.q": 1}), 90, 70.5, 64, ((0, CANDIDATE.allocation), (3, Allocation.of({}))), False
)


def trained(candidate=CANDIDATE, failure=None) -> Trained:
    evaluation = Evaluation(candidate, None if failure else 0.75, 0.5, failure, (0.7, 0.6), 1.5, 100)
    tensors = {} if failure else {"layers.0.q.A": torch.arange(6.0).view(2, 3)}
    return Trained(evaluation, tensors, None if failure else COURSE)


@pytest.mark.parametrize("failure", [None, "diverged"])
def test_a_candidate_comes_back_as_it_was(tmp_path, failure):
    Ledger(tmp_path / "new", "context").record(LEG, trained(failure=failure))
    found = Ledger(tmp_path / "new", "context").find(LEG)
    assert found.evaluation == trained(failure=failure).evaluation
    torch.testing.assert_close(found.tensors, trained(failure=failure).tensors, rtol=0, atol=0)
    assert found.course == (None if failure else COURSE)


def test_what_a_candidate_wrote_comes_back_too_and_with_whom_it_trained(tmp_path):
    written = dataclasses.replace(trained(), answers=("a", ""), together="a mark")
    Ledger(tmp_path, "context").record(LEG, written)
    found = Ledger(tmp_path, "context").find(LEG)
    assert (found.answers, found.together) == (("a", ""), "a mark")
    Ledger(tmp_path, "context").record(LEG, trained())
    assert Ledger(tmp_path, "context").find(LEG).answers is None


def test_a_failure_that_may_pass_is_tried_again_the_next_time(tmp_path):
    failed = trained(failure="out of memory")
    passing = dataclasses.replace(failed.evaluation, may_pass=True)
    Ledger(tmp_path, "context").record(LEG, dataclasses.replace(failed, evaluation=passing))
    assert Ledger(tmp_path, "context").find(LEG) is None


def test_what_older_versions_wrote_has_failures_of_the_candidates_own(tmp_path):
    Ledger(tmp_path, "context").record(LEG, trained(failure="diverged"))
    (path,) = tmp_path.glob("*.json")
    fields = read_sealed(path)
    del fields["may_pass"]
    write_sealed(path, fields)
    assert Ledger(tmp_path, "context").find(LEG).evaluation == trained(failure="diverged").evaluation


PAUSED = Leg(CANDIDATE, until=2)


def paused(leg=PAUSED, metric=0.75) -> Trained:
    curve = (0.7,) * leg.until
    evaluation = Evaluation(leg.candidate, metric, metric, None, curve, 1.5, 100)
    parts = ({"layers.0.q.A": torch.full((2, 3), float(i)), "head.w": torch.ones(i)} for i in range(3))
    return Trained(evaluation, {}, state=State(*parts, curve, 1.5, 100))


def test_where_a_candidate_pauses_its_state_comes_back(tmp_path):
    Ledger(tmp_path, "context").record(PAUSED, paused())
    found, state = Ledger(tmp_path, "context").find(PAUSED), paused().state
    assert found.evaluation == paused().evaluation
    assert found.course is None
    assert (found.state.step, found.state.curve) == (2, state.curve)
    assert (found.state.seconds, found.state.peak_memory) == (1.5, 100)
    for part in ("tensors", "mean", "square"):
        torch.testing.assert_close(getattr(found.state, part), getattr(state, part), rtol=0, atol=0)


def test_legs_of_one_candidate_are_told_apart_by_where_they_end(tmp_path):
    ledger, later = Ledger(tmp_path, "context"), Leg(CANDIDATE, until=3, begun=paused().state)
    ledger.record(PAUSED, paused())
    assert ledger.find(LEG) is None
    assert ledger.find(later) is None
    ledger.record(later, paused(later))
    ledger.record(LEG, trained())
    assert [len(ledger.find(leg).evaluation.curve) for leg in (PAUSED, later)] == [2, 3]
    assert ledger.find(Leg(CANDIDATE, begun=paused().state)).evaluation == trained().evaluation


def test_one_that_was_not_judged_is_not_found_where_it_is_to_be(tmp_path):
    ledger = Ledger(tmp_path, "context")
    ledger.record(dataclasses.replace(PAUSED, judged=False), paused(metric=None))
    assert ledger.find(PAUSED) is None
    assert ledger.find(dataclasses.replace(PAUSED, judged=False)).state.step == 2
    ledger.record(PAUSED, paused())
    assert ledger.find(dataclasses.replace(PAUSED, judged=False)).evaluation.metric == 0.75


@pytest.mark.parametrize("change", [{"scaling": "constant"}, {"scaling": "alpha/r"}])
def test_a_scaling_rule_of_its_own_makes_another_candidate(tmp_path, change):
    ledger, other = Ledger(tmp_path, "context"), dataclasses.replace(CANDIDATE, **change)
    ledger.record(LEG, trained())
    assert ledger.find(Leg(other)) is None
    ledger.record(Leg(other), trained(other, failure="diverged"))
    assert ledger.find(Leg(other)).evaluation.candidate == other
    assert ledger.find(LEG).evaluation == trained().evaluation


def test_the_name_of_a_file_is_what_it_was_before_there_were_legs(tmp_path):
    """SHA-256 of '["context", [["layers.0.q", 2]], 3, 0.001]'."""
    Ledger(tmp_path, "context").record(LEG, trained())
    assert [path.name for path in tmp_path.glob("*.json")] == ["582e96316e3c9833543147f2.json"]


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"learning_rate": 2e-3}, {"allocation": Allocation.of({"layers.0.q": 3})}]
)
def test_another_candidate_is_not_found(tmp_path, change):
    ledger = Ledger(tmp_path, "context")
    ledger.record(LEG, trained())
    assert ledger.find(Leg(dataclasses.replace(CANDIDATE, **change))) is None
    assert Ledger(tmp_path, "other context").find(LEG) is None


def test_stopped_between_its_two_files_a_candidate_is_not_there(tmp_path):
    Ledger(tmp_path / "whole", "context").record(LEG, trained())
    (name,) = (path.name for path in (tmp_path / "whole").glob("*.json"))
    (tmp_path / name).mkdir()  # in the way of the second
    with pytest.raises(OSError, match=name):
        Ledger(tmp_path, "context").record(LEG, trained())
    (tmp_path / name).rmdir()
    assert list(tmp_path.glob("*.safetensors"))
    assert Ledger(tmp_path, "context").find(LEG) is None


def test_the_fingerprint_knows_what_decides_the_result():
    rows = Rows((np.array([1, 2]), np.array([3])), None, np.array([0, 1]))
    names = ("0", "1")
    task = Task("t", Classification(names), rows, rows, rows)
    source, recipe = ModelSource("m", 2), Recipe()
    base = fingerprint(source, task, recipe)
    assert base == fingerprint(ModelSource("m", 2), task, Recipe())
    other_rows = dataclasses.replace(rows, labels=np.array([1, 0]))
    others = [
        fingerprint(ModelSource("n", 2), task, recipe),
        fingerprint(source, dataclasses.replace(task, train=other_rows), recipe),
        fingerprint(source, task, Recipe(epochs=2)),
        fingerprint(source, task, Recipe(scaling=Scaling("constant"))),
        fingerprint(source, task, recipe, Scaling("constant")),
        fingerprint(source, task, recipe, report_on="test"),
        fingerprint(source, dataclasses.replace(task, objective=Classification(names, "f1", "0")), recipe),
        fingerprint(source, dataclasses.replace(task, objective=Classification(names, "f1", "1")), recipe),
    ]
    assert len({base, *others}) == 9


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zero(content: bytes) -> bytes:
    return bytes(len(content))


def empty(content: bytes) -> bytes:
    return b""


def flip(content: bytes) -> bytes:
    """The last bit but some of the last value: JSON and tensors stay well-formed."""
    place = content.rfind(b"0.6") + 2 if b"0.6" in content else len(content) - 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [cut, zero, empty, flip])
def test_a_damaged_state_is_named_and_its_leg_is_not_found(tmp_path, caplog, damage):
    ledger = Ledger(tmp_path, "context")
    ledger.record(PAUSED, paused())
    (path,) = tmp_path.glob("*.state.safetensors")
    path.write_bytes(damage(path.read_bytes()))
    assert ledger.find(PAUSED) is None
    assert f"{path} is damaged" in caplog.text
    ledger.record(PAUSED, paused())
    assert ledger.find(PAUSED).state.step == 2


@pytest.mark.parametrize("damage", [cut, zero, empty, flip])
@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_a_damaged_candidate_is_named_and_is_not_found(tmp_path, caplog, damage, suffix):
    ledger = Ledger(tmp_path, "context")
    ledger.record(LEG, trained())
    (path,) = tmp_path.glob(f"*.{suffix}")
    path.write_bytes(damage(path.read_bytes()))
    assert ledger.find(LEG) is None
    assert f"{path} is damaged" in caplog.text
    ledger.record(LEG, trained())
    assert ledger.find(LEG).evaluation == trained().evaluation


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_files_that_were_swapped_are_not_taken_for_one_another(tmp_path, caplog, suffix):
    ledger, other = Ledger(tmp_path, "context"), dataclasses.replace(CANDIDATE, seed=4)
    ledger.record(LEG, trained())
    second = dataclasses.replace(trained(other), tensors={"layers.0.q.A": torch.ones(2, 3)})
    ledger.record(Leg(other), second)
    first, last = sorted(tmp_path.glob(f"*.{suffix}"))
    contents = first.read_bytes(), last.read_bytes()
    last.write_bytes(contents[0])
    first.write_bytes(contents[1])
    assert ledger.find(LEG) is None
    assert ledger.find(Leg(other)) is None
    assert str(first) in caplog.text
    assert str(last) in caplog.text


def test_tensors_that_are_gone_are_missed(tmp_path, caplog):
    ledger = Ledger(tmp_path, "context")
    ledger.record(LEG, trained())
    next(tmp_path.glob("*.safetensors")).unlink()
    assert ledger.find(LEG) is None
    assert "cannot be read (No such file or directory)" in caplog.text


def test_the_fingerprint_knows_the_weights_by_their_bytes_and_not_by_their_times(tmp_path):
    rows = Rows((np.array([1, 2]), np.array([3])), None, np.array([0, 1]))
    task, source = Task("t", Classification(("0", "1")), rows, rows, rows), ModelSource(str(tmp_path), 2)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"abcd")
    os.utime(weights, ns=(1, 1))
    first = fingerprint(source, task, Recipe())
    elsewhere = tmp_path / "copy on another node"
    elsewhere.mkdir()
    (elsewhere / "model.safetensors").write_bytes(b"abcd")
    assert fingerprint(dataclasses.replace(source, path_or_name=str(elsewhere)), task, Recipe()) == first
    os.utime(weights, ns=(2, 2))
    assert fingerprint(source, task, Recipe()) == first
    weights.write_bytes(b"abce")
    os.utime(weights, ns=(1, 1))
    assert fingerprint(source, task, Recipe()) != first
