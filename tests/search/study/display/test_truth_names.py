"""Every truth has a name, and that of the metric says whose F1 it is."""

from typing import get_args

import pytest

from search.study.display.truth_names import truth_name
from search.study.judging.report_card import Truth

NAMES = {"metric": "f1 of 'fraud'", "loss": "minus validation loss"}


@pytest.mark.parametrize("truth", get_args(Truth))
def test_every_truth_has_a_name(truth, make_report):
    assert truth_name(make_report(truth=truth, metric="f1 of 'fraud'")) == NAMES[truth]
