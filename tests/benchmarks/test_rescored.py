"""New proxies on a table that was trained before they were thought of."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rescored import judged
from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.training.candidate import Candidate, Evaluation
from proxies.site_scores import SiteScores, per_unit_of_rank
from search.study.scoring import Scored
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

TAP = Tap("block", "in")
SPACE = SearchSpace(
    tuple(Site(f"layers.{i}.q", i, "q", "lora", 8, 8, TAP, TAP) for i in range(5)), (0, 1, 2, 4)
)


@pytest.fixture
def scores() -> SiteScores:
    """By which the entries' losses fall."""
    return per_unit_of_rank("new", "init", SPACE, [1.0, 2.0, 4.0, 7.0, 11.0])


@pytest.fixture
def entries(scores) -> list[Entry]:
    """Twelve of equal cost, which the proxy of their table has the wrong way round."""
    rng = np.random.default_rng(0)
    drawn = {SPACE.allocation(rng.permutation([0, 0, 1, 2, 4])) for _ in range(40)}
    stratum = Stratum("budget", 7 * 16, "constant", 1e-3)
    return [
        Entry(stratum, one, ("random",), SPACE.params(one), (("old", -scores.of(one)),), _runs(one, scores))
        for one in sorted(drawn, key=scores.of)[:12]
    ]


def _runs(allocation, scores) -> tuple[Evaluation, ...]:
    loss = 1 - scores.of(allocation) / 100
    return tuple(
        Evaluation(Candidate(allocation, seed, 1e-3), 0.5, loss + seed / 100, None, (), 1.0, 0)
        for seed in (0, 1)
    )


def test_new_proxies_are_judged_beside_those_of_the_table_by_loss(entries, scores):
    table = BenchmarkTable(SPACE, "accuracy", tuple(entries))
    report = judged(table, entries, [Scored(scores, 2.0, 0)])
    found = {card.proxy: card.spearman.value for card in report.cards}
    assert found["new"] == pytest.approx(1)
    assert found["old"] == pytest.approx(-1)
    assert report.truth == "loss"


def test_an_allocation_is_taken_for_what_its_sites_are_worth_together(entries, scores):
    table = BenchmarkTable(SPACE, "accuracy", tuple(entries))
    whole = SiteScores(
        "whole", "init", SPACE, scores.by_site, 0 * scores.by_rank, together=lambda r: r @ scores.by_site
    )
    report = judged(table, entries, [Scored(whole, 2.0, 0)])
    assert {card.proxy: card.spearman.value for card in report.cards}["whole"] == pytest.approx(1)
