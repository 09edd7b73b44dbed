"""Which allocations may change places when chance is simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["blocks"]


def blocks(strata: np.ndarray, clusters: np.ndarray | None = None) -> list[np.ndarray]:
    """Rows that may change places, as blocks of shape (clusters, strata that they stand in).

    strata, clusters: (rows,), integers. A stratum holds allocations that may be compared (one budget, one way
    of training). A cluster is one allocation that stands in several strata, or several as good as one: their
    truths are related, so they only move together, and only to the places of a cluster that stands in the
    same strata. Without ``clusters`` each row is its own. Nothing moves in a block of one cluster. Raises
    ValueError where a cluster stands twice in a stratum.

    >>> [block.tolist() for block in blocks(np.array([0, 0, 0, 1]), np.array([7, 8, 9, 9]))]
    [[[0], [1]], [[2, 3]]]
    """
    if clusters is None:
        clusters = np.arange(len(strata))
    rows_of: dict[int, list[int]] = {}
    for row in np.argsort(strata, kind="stable").tolist():
        rows_of.setdefault(int(clusters[row]), []).append(row)
    alike: dict[tuple[int, ...], list[Sequence[int]]] = {}
    for rows in rows_of.values():
        places = tuple(strata[rows].tolist())
        if len(set(places)) < len(places):
            raise ValueError(
                f"rows {rows} are one cluster, but some stand in the same stratum; give each allocation of a "
                "stratum a cluster of its own."
            )
        alike.setdefault(places, []).append(rows)
    return [np.array(members) for members in alike.values()]
