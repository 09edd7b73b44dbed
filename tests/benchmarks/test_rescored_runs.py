"""Proxies judged on the runs of an experiment."""

from __future__ import annotations

import pytest

from benchmarks.rescored_runs import judged_ways, ways_of
from proxies.site_scores import per_unit_of_rank
from search.study.scoring import Scored
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

TAP = Tap("block", "in")
SPACE = SearchSpace(tuple(Site(f"layers.{i}.q", i, "q", "lora", 8, 8, TAP, TAP) for i in range(4)), (0, 1))
RUNS = """way,mean_rank,params,seed,loss,failure,ranks
first,0.25,16,1,0.5,,layers.1.q=1
first,0.25,16,0,0.4,,layers.0.q=1
second,0.25,16,0,0.3,,layers.2.q=1
second,0.25,16,1,0.2,,layers.3.q=1
third,0.25,16,0,0.6,,layers.0.q=1
third,0.25,16,1,0.7,,layers.0.q=1
broken,0.25,16,0,nan,it diverged,layers.0.q=1
like the third,0.25,16,0,0.6,,layers.0.q=1
like the third,0.25,16,1,0.7,,layers.0.q=1
"""


@pytest.fixture
def ways(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(RUNS)
    return ways_of(path)[0.25]


def test_ways_are_read_with_their_seeds_in_order_each_once_and_without_those_that_failed(ways):
    assert [way.name for way in ways] == ["first", "second", "third"]
    assert ways[0].losses == (0.4, 0.5)
    assert ways[0].allocations == (Allocation.of({"layers.0.q": 1}), Allocation.of({"layers.1.q": 1}))


def test_a_way_scores_the_mean_of_its_seeds_allocations(ways):
    scores = per_unit_of_rank("layer", "none", SPACE, [0.0, 1.0, 2.0, 3.0])  # 0.5, 2.5 and 0
    report = judged_ways("mean rank 0.25", ways, [Scored(scores, 1.0, 0)])
    found = {card.proxy: card.spearman.value for card in report.cards}
    assert found["layer"] == pytest.approx(1)


def test_ways_are_compared_over_the_seeds_that_all_of_them_have(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(RUNS + "second,0.25,16,2,0.1,,layers.3.q=1\nfourth,0.25,20,1,0.4,,layers.1.q=1\n")
    ways = ways_of(path)[0.25]
    assert {way.name: way.losses for way in ways} == {"first": (0.5,), "second": (0.2,), "third": (0.7,)}
    scores = per_unit_of_rank("layer", "none", SPACE, [0.0, 1.0, 2.0, 3.0])
    assert judged_ways("mean rank 0.25", ways, [Scored(scores, 1.0, 0)]).cards


def test_ways_without_a_seed_in_common_are_refused(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(RUNS + "fourth,0.25,20,9,0.4,,layers.1.q=1\n")
    with pytest.raises(InputError, match=r"mean rank 0\.25 have no seed in common"):
        ways_of(path)
