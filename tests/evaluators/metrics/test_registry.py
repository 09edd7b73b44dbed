"""All metrics have one name each."""

from __future__ import annotations

import pytest

from evaluators.metrics.classes import BINARY_METRICS, CLASS_METRICS
from evaluators.metrics.numbers import NUMBER_METRICS
from evaluators.metrics.of_tokens import TOKEN_METRICS
from evaluators.metrics.registry import METRICS, check_metric
from spaces.errors import UsageError


def test_no_two_metrics_share_a_name() -> None:
    assert sorted([*CLASS_METRICS, *BINARY_METRICS, *NUMBER_METRICS, *TOKEN_METRICS]) == list(METRICS)


def test_an_unknown_metric_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"`metric='acc'` is unknown; choose from accuracy, "):
        check_metric("acc")
