"""What was answered comes back; what other weights answered, or to another test, does not."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch

from evaluators.generation.answer_book import AnswerBook
from evaluators.training.candidate import Candidate, Evaluation, Trained
from spaces.allocation import Allocation


def trained(weight: float = 1.0, rank: int = 2) -> Trained:
    candidate = Candidate(Allocation.of({"layers.0.q": rank}), 0, 1e-3)
    tensors = {"layers.0.q.A": torch.full((rank, 3), weight)}
    return Trained(Evaluation(candidate, 0.5, 0.5, None, (), 0.0, 0), tensors)


def test_answers_come_back_as_they_were(make_test, tmp_path):
    AnswerBook(tmp_path / "new", "context", make_test()).record(trained(), ("a", "", "b ü"))
    assert AnswerBook(tmp_path / "new", "context", make_test()).find(trained()) == ("a", "", "b ü")


def test_what_others_answered_is_not_found(make_test, tmp_path):
    AnswerBook(tmp_path, "context", make_test()).record(trained(), ("a",))
    assert AnswerBook(tmp_path, "context", make_test()).find(trained(weight=2.0)) is None
    assert AnswerBook(tmp_path, "context", make_test()).find(trained(rank=3)) is None
    assert AnswerBook(tmp_path, "context", make_test(beams=2)).find(trained()) is None
    assert AnswerBook(tmp_path, "other", make_test()).find(trained()) is None
    others = replace(make_test(), metrics=("ter",))
    assert AnswerBook(tmp_path, "context", others).find(trained()) == ("a",)


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"of": "x", "answers": []}'])
def test_a_damaged_record_is_written_anew_and_named(make_test, tmp_path, caplog, damage):
    book = AnswerBook(tmp_path, "context", make_test())
    book.record(trained(), ("a",))
    (path,) = tmp_path.iterdir()
    path.write_text(damage)
    with caplog.at_level(logging.WARNING):
        assert book.find(trained()) is None
    assert path.name in caplog.text
    assert "written again" in caplog.text
