"""Messages name arguments; a command says its options in their place."""

from __future__ import annotations

import pytest

from search.cli.flags import Flags
from search.job.settings import DataSettings, TrainingSettings
from search.study.settings import StudySettings

FLAGS = Flags.of((TrainingSettings, DataSettings, StudySettings))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("`lr=0.1` is too large; lower `lr`.", "--lr 0.1 is too large; lower --lr."),
        ("give `train_file` and `eval_file`", "give --train-file and --eval-file"),
        ("`source` makes a report", "--from makes a report"),
        ("`model` is no option here, nor is `lr", "`model` is no option here, nor is `lr"),
        ("`task_name='a b'` is a name", "--task-name 'a b' is a name"),
    ],
)
def test_an_argument_in_backticks_is_said_as_it_is_typed(message, said):
    assert FLAGS.said(message) == said
