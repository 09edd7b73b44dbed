"""EPE-NAS against loops over the pairs of rows of each class."""

from __future__ import annotations

import math

import pytest

from proxies.measure.evidence import Evidence
from proxies.registry import PROXIES, score_sites
from spaces.errors import InputError
from spaces.objective import Batch
from tests.objectives import REGRESSION


def test_epe_nas_sums_the_classes_logarithms_of_correlations(evidence, batches):
    (scores,) = score_sites([PROXIES["epe_nas"]], evidence)
    labels = [int(label) for batch in batches for label in batch.labels]
    for value, site in zip(scores.by_site, evidence.space.sites, strict=True):
        correlations, expected = evidence.row_features.correlations[site.name], 0.0
        for one in set(labels):
            rows = [row for row, label in enumerate(labels) if label == one]
            pairs = [abs(float(correlations[i, j])) for i in rows for j in rows]
            expected += abs(sum(math.log(pair + 1e-5) for pair in pairs))
        assert value == pytest.approx(expected, rel=1e-9), site.name


def test_rows_without_gradient_are_left_out_of_their_class(evidence):
    dead, idle = evidence.space.sites[:2]
    correlations = evidence.row_features.correlations
    left = correlations[dead.name][2:, 2:].abs()  # rows of the classes 0 1 0 1
    pairs = left[::2, ::2], left[1::2, 1::2]
    expected = sum(abs(float((of_class + 1e-5).log().sum())) for of_class in pairs)
    correlations[dead.name][:2] = 0
    correlations[dead.name][:, :2] = 0
    correlations[idle.name][:] = 0
    (scores,) = score_sites([PROXIES["epe_nas"]], evidence)
    assert scores.by_site[0] == pytest.approx(expected, rel=1e-9)
    assert scores.by_site[1] == 0


def test_a_regression_is_refused(tiny_model, evidence, batches):
    scored = [Batch(batch.inputs, batch.labels.float()) for batch in batches]
    regression = Evidence(tiny_model("bert", num_labels=1), REGRESSION, scored, evidence.space, seed=0)
    with pytest.raises(InputError, match=r"epe_nas .* has no classes; leave it out, or use jacov"):
        score_sites([PROXIES["epe_nas"]], regression)
