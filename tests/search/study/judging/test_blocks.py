"""Rows change places only with those that stand in the same strata."""

import numpy as np
import pytest

from search.study.judging.blocks import blocks


def test_without_clusters_the_strata_are_the_blocks():
    assert [block.tolist() for block in blocks(np.array([0, 1, 0]))] == [[[0], [2]], [[1]]]


def test_clusters_in_the_same_strata_are_a_block_with_a_column_per_stratum():
    strata, clusters = np.array([0, 0, 0, 1, 1, 1]), np.array([7, 8, 9, 9, 8, 5])
    found = [block.tolist() for block in blocks(strata, clusters)]
    assert found == [[[0]], [[1, 4], [2, 3]], [[5]]]


def test_nothing_has_no_blocks():
    assert blocks(np.array([], dtype=int)) == []


def test_an_allocation_stands_once_in_a_stratum():
    with pytest.raises(ValueError, match=r"rows \[0, 2\] are one cluster"):
        blocks(np.array([0, 1, 0]), np.array([4, 4, 4])[[0, 1, 2]] - np.array([0, 1, 0]))
