from __future__ import annotations

import math

import pytest

from evaluators.metrics.of_tokens import TOKEN_METRICS, Tokens, find_token_metric
from spaces.errors import UsageError


def test_metrics_are_of_all_tokens_together():
    tokens = Tokens(loss=8 * math.log(2), correct=3, targets=4)
    found = {name: metric.of(tokens) for name, metric in TOKEN_METRICS.items()}
    assert found == pytest.approx({"loss": 2 * math.log(2), "perplexity": 4.0, "token_accuracy": 0.75})


def test_a_hopeless_model_has_a_finite_perplexity():
    assert math.isfinite(find_token_metric("perplexity").of(Tokens(loss=1e6, correct=0, targets=1)))


def test_less_is_better_but_for_the_accuracy():
    directions = {name: metric.direction for name, metric in TOKEN_METRICS.items()}
    assert directions == {"loss": "minimize", "perplexity": "minimize", "token_accuracy": "maximize"}


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="`metric=f1` is not for a language model; choose one of loss, perp"):
        find_token_metric("f1")
