"""A search that nobody shares goes by what it began with, wherever it goes on."""

from __future__ import annotations

import numpy as np

from search.run.company import Alone


def test_another_start_of_a_lone_search_has_the_scores_and_the_number_at_once_of_the_first(
    make_space, make_scores, tmp_path
):
    space = make_space([(4, 4)] * 2, (0, 2))
    (here,) = Alone(tmp_path).scores([make_scores(space, np.array([[1 / 3], [1 / 3]]))])
    assert Alone(tmp_path).at_once(8) == 8
    again = make_scores(space, np.array([[np.nextafter(1 / 3, 0)], [1 / 3]]))
    (there,) = Alone(tmp_path).scores([again])
    assert there.by_rank.tolist() == here.by_rank.tolist() != again.by_rank.tolist()
    assert Alone(tmp_path).at_once(16) == 8
