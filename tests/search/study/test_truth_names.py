"""Every truth has a name."""

from typing import get_args

from search.study.report_card import Truth
from search.study.truth_names import TRUTH_NAMES


def test_every_truth_has_a_name():
    assert TRUTH_NAMES.keys() == set(get_args(Truth))
