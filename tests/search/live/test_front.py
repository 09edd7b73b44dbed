"""The nondominated points, found by looking at every pair."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.live.front import nondominated


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25))
def test_a_point_stays_where_no_other_is_better_in_all(points):
    larger = (False, True, False)
    costs = [tuple(-v if up else v for v, up in zip(point, larger, strict=True)) for point in points]
    wanted = [
        i
        for i, own in enumerate(costs)
        if own not in costs[:i]
        and not any(other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in costs)
    ]
    assert nondominated(np.array(points, dtype=float), larger) == wanted
