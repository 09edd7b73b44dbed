"""Alternative texts say what a picture shows, in numbers."""

from __future__ import annotations

import numpy as np

from proxies.site_scores import per_unit_of_rank
from search.show.forest_plot import ForestLine
from search.show.regret_plot import RegretCurve, RegretPoint
from search.study.display.findings import forest_finding, maps_finding, regret_finding, scatter_finding


def test_a_forest_names_both_ends_and_the_ceiling():
    lines = [
        ForestLine("snip", -0.2, -0.4, 0.0, False),
        ForestLine("solo", 0.47, 0.02, 0.76, True),
        ForestLine("params", None, None, None, False),
    ]
    assert forest_finding(lines, truth="accuracy", ceiling=0.67) == (
        "Rank correlations of 2 proxies with accuracy: from -0.20 (snip) to +0.47 [+0.02, +0.76] (solo); "
        "1 above 0 after correction; the noise ceiling is 0.67."
    )
    assert "from" not in forest_finding(lines[1:], truth="accuracy", ceiling=None)
    assert (
        forest_finding(lines[2:], truth="loss", ceiling=None) == "No proxy has a rank correlation with loss."
    )


def test_regret_is_told_at_the_k_nearest_to_five_beside_chance_and_the_control():
    points = tuple(RegretPoint(k, 0.01 / k, None, None) for k in (1, 4, 10))
    solo, params = RegretCurve("solo", points), RegretCurve("params", points[:1])
    assert regret_finding([solo], params, {4: 0.02}, unit="accuracy") == (
        "Lost of accuracy where only a few favourites are trained: 0.0025 with the 4 of solo, 0.0100 with "
        "the 1 of params, 0.0200 with 4 drawn at random."
    )
    assert regret_finding([], None, {}, unit="accuracy").startswith("No proxy")


def test_a_scatter_says_where_uniform_stands():
    said = scatter_finding({"a": 0.1, "b": -0.2, "c": None}, truth="loss", allocations=64, uniform=3)
    assert said == (
        "Scores of 3 proxies against loss for 64 allocations: rank correlations from -0.20 to +0.10; uniform "
        "is number 3 by loss."
    )
    assert scatter_finding({"a": None}, truth="loss", allocations=1, uniform=None) == (
        "Scores of 1 proxy against loss for 1 allocation."
    )


def test_maps_name_the_favourite_site_of_a_few(make_space):
    space = make_space([(4, 4)] * 3, (0, 1))
    tables = [per_unit_of_rank(f"p{i}", "dense", space, np.eye(3)[i % 3]) for i in range(7)]
    names = [site.name for site in space.sites]
    said = maps_finding(tables)
    assert said.startswith(f"The site of highest score: {names[0]} by p0, {names[1]} by p1")
    assert said.endswith(", and others by 2 more.")
