"""Messages name arguments; a command says its options in their place."""

from __future__ import annotations

import pytest

from search.cli.command import Printed
from search.cli.flags import Flags
from search.job.settings import DataSettings, ModelSettings, TrainingSettings
from search.study.settings import StudySettings

FLAGS = Flags.of((ModelSettings, TrainingSettings, DataSettings, StudySettings))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("`lr=0.1` is too large; lower `lr`.", "--lr 0.1 is too large; lower --lr."),
        ("give `train_file` and `eval_file`", "give --train-file and --eval-file"),
        ("`source` makes a report", "--from makes a report"),
        ("`budget` is no option here, nor is `lr", "`budget` is no option here, nor is `lr"),
        ("`task_name='a b'` is a name", "--task-name 'a b' is a name"),
        ("`load_in_4bit` and `load_in_8bit` exclude", "--load-in-4bit and --load-in-8bit exclude"),
        ("row 1 is 'say `lr` and `seed=1`'; lower `lr`", "row 1 is 'say `lr` and `seed=1`'; lower --lr"),
        ('row 1 is "it\'s `lr`"; lower `lr`', 'row 1 is "it\'s `lr`"; lower --lr'),
        ("`task_name='use `lr` now'` is no name", "--task-name 'use `lr` now' is no name"),
        ("the model's `lr` and others' `seed`", "the model's --lr and others' --seed"),
        ("is no option here: `model_type`", "is no option here: `model_type`"),
    ],
)
def test_an_argument_in_backticks_is_said_as_it_is_typed(message, said):
    assert FLAGS.said(message) == said


def test_what_others_wrote_stays_as_they_wrote_it():
    printed = Printed({}, "raise `lr`", "prompt: what do `lr=0.1` and `seed` mean?")
    assert printed.said(FLAGS) == "raise --lr\nprompt: what do `lr=0.1` and `seed` mean?"
    assert Printed({}, "raise `lr`").said(FLAGS) == "raise --lr"
