"""A table of learning curves comes back from its file as it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contest import Contest
from benchmarks.curves.curve_table import Curve, append_curve, read_table, write_header
from benchmarks.search_setting import SearchSetting
from proxies.site_scores import per_unit_of_rank
from search.sampling.configuration import Configuration
from spaces.search_space import SearchSpace


@pytest.fixture
def contest(make_space: Callable[..., SearchSpace]) -> Contest:
    """Over two sites at ranks up to 4."""
    space = make_space([(8, 8), (8, 16)], (0, 1, 4))
    scores = per_unit_of_rank("mine", "none", space, [1.0, 0.5])
    return Contest(SearchSetting(), space, 64, 216, (scores,))


def curve(contest: Contest, ranks: list[int], seed: int) -> Curve:
    losses = (0.7, 0.6, None, 0.5, 0.25)
    configuration = Configuration(contest.space.allocation(ranks), 1e-3, "alpha/sqrt(r)")
    return Curve(configuration, seed, losses, (0.5, 0.5, None, 0.75, 0.875), 1.5, 0.25)


def test_curves_come_back_as_they_were_written(contest: Contest, tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    write_header(path, contest)
    curves = [curve(contest, [4, 0], 0), curve(contest, [0, 4], 1)]
    for one in curves:
        append_curve(path, contest.space, one)
    again = read_table(path)
    assert list(again.curves) == curves
    assert again.contest.setting == contest.setting
    assert again.contest.space == contest.space
    assert again.contest.judged_at == (24, 48, 72, 144, 216)
    np.testing.assert_array_equal(again.contest.scores[0].by_rank, contest.scores[0].by_rank)


def test_a_line_that_was_cut_off_is_left_out_and_written_anew(contest: Contest, tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    write_header(path, contest)
    append_curve(path, contest.space, curve(contest, [4, 0], 0))
    whole = path.read_text()
    append_curve(path, contest.space, curve(contest, [0, 4], 0))
    path.write_text(path.read_text()[:-20])
    assert read_table(path).done == {(curve(contest, [4, 0], 0).configuration, 0)}
    assert path.read_text() == whole


def test_a_setting_refuses_rules_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="must be rules"):
        SearchSetting(scalings=("r",))  # type: ignore[arg-type]
