"""Curves are those of plain training, stopped and looked at on the way."""

from __future__ import annotations

import numpy as np

from benchmarks.contest import Contest
from benchmarks.curves.plans import plans_of
from benchmarks.curves.train_curves import train_curves
from benchmarks.search_setting import SearchSetting
from evaluators.base.base_model import ModelSource
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.executors.workload import Workload
from evaluators.objectives.classification import Classification
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.leg import Leg
from evaluators.training.train import train_cohort
from proxies.site_scores import per_unit_of_rank
from search.sampling.configuration import Configuration
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from tests.conftest import TinyModel


def rows_of(count: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    ids = tuple(rng.integers(8, 100, rng.integers(4, 12)) for _ in range(count))
    return Rows(ids, None, rng.integers(0, 2, count))


def test_a_curve_is_that_of_legs_that_are_judged_at_those_steps(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    sites = tuple(find_sites(model, "lora[q,v]"))
    task = Task("random", Classification(("no", "yes")), rows_of(30, 0), rows_of(20, 1), rows_of(20, 2))
    recipe = Recipe(epochs=1.5, batch_size=4)
    plan = SearchSpace(sites, (0, 1, 4)).allocation([4, 0, 1, 1, 0, 4])
    grid = [Configuration(plan, 3e-3, "alpha/r"), Configuration(plan, 1e-2, "alpha/sqrt(r)")]
    workload = Workload(ModelSource("nowhere", 2), task, sites, recipe)
    curves = train_curves(model, workload, grid, seed=3, judged_at=(4, 8, 12))
    candidates = [Candidate(plan, 3, one.learning_rate, one.scaling) for one in grid]
    for place, until in enumerate((4, 8, None)):
        legs = [Leg(one, until) for one in candidates]
        trained = train_cohort(model, sites, task, legs, recipe, slots=2)
        assert [one.evaluation.loss for one in trained] == [curve.losses[place] for curve in curves]
        assert [one.evaluation.metric for one in trained] == [curve.metrics[place] for curve in curves]
    assert [curve.configuration for curve in curves] == grid
    assert all(curve.seconds > 0 and curve.judging > 0 for curve in curves)


def test_plans_are_distinct_and_within_the_budget(opt_space: SearchSpace) -> None:
    worth = np.random.default_rng(0).random(len(opt_space.sites))
    scores = per_unit_of_rank("mine", "none", opt_space, worth)
    contest = Contest(SearchSetting(), opt_space, 4 * opt_space.params_per_rank, 90, (scores,))
    plans = plans_of(contest, 9)
    assert len(set(plans)) == 9
    assert all(opt_space.params(plan) <= contest.max_params for plan in plans)
    assert {name.split(".")[-1] for name, _ in plans[1].ranks} == {"q", "v"}
    assert plans_of(contest, 5) == plans[:5]
