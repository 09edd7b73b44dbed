"""Every truth has a name."""

from typing import get_args

from search.study.display.truth_names import TRUTH_NAMES
from search.study.judging.report_card import Truth


def test_every_truth_has_a_name():
    assert TRUTH_NAMES.keys() == set(get_args(Truth))
