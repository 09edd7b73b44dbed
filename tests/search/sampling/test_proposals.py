"""Proposals: uniform first, every proxy with every allocator, then samplers that never repeat."""

import logging
from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from proxies.site_scores import per_unit_of_rank
from search.allocation.registry import ALLOCATORS
from search.allocation.repair import repair
from search.allocation.spend import chance_of
from search.sampling.proposals import StandIn, proposals_in_all, propose
from search.sampling.proposer import Proposer
from search.sampling.remembering_tpe import RememberingTPE
from search.sampling.samplers import SAMPLERS
from spaces.errors import UsageError

BUDGET = 20 * 32 * 2 + 20


@pytest.fixture(scope="module")
def tables(make_space):
    space = make_space([(16, 16)] * 20, (0, 1, 4, 8))
    rng = np.random.default_rng(0)
    return [
        per_unit_of_rank("grad_norm", "dense", space, rng.exponential(size=20)),
        per_unit_of_rank("snip", "dense", space, rng.exponential(size=20)),
        per_unit_of_rank("constant", "none", space, np.ones(20)),
    ]


def run(tables, **changes):
    options = {"allocators": ["greedy"], "samplers": [], "trials": 30, "seed": 0, "max_params": BUDGET}
    return propose(tables, **(options | changes))


def test_the_uniform_baseline_comes_first_and_the_others_follow_by_proxy_and_allocator(tables):
    proposals = run(tables, allocators=["topk", "random", "uniform", "greedy"])
    names = [str(one) for proposal in proposals for one in proposal.proposers]
    assert names[0] == "uniform"
    pairs = [f"{proxy}/{name}" for proxy in ("grad_norm", "snip", "constant") for name in ("topk", "greedy")]
    assert sorted(names) == sorted(["uniform", "random", *pairs])
    assert dict(proposals[0].allocation.ranks) == {f"layers.{i}.q": 2 for i in range(20)}


def test_the_usual_ones_follow_the_baseline_and_share_it_where_they_are_the_same(tables):
    space = tables[0].space
    upper = space.allocation([0] * 10 + [4] * 10)
    even = run(tables)[0].allocation
    seen = []
    usual = [(Proposer("upper"), upper), (Proposer("even"), even)]
    proposals = run(tables, usual=usual, on_proposal=seen.append)
    assert [one.proposer for one in proposals[:2]] == ["uniform+even", "upper"]
    assert dict(proposals[1].scores)["snip"] == tables[1].of(upper)
    assert len(seen) == 1 + len(usual) + len(tables)


def test_how_many_there_are_in_all_is_known_before_and_a_name_counts_once(tables):
    asked = {"allocators": ["topk", "random", "uniform", "topk", "random"], "samplers": ["random"] * 2}
    seen = []
    run(tables, **asked, trials=3, on_proposal=seen.append)
    assert len(seen) == proposals_in_all(usual=0, proxies=3, **asked, trials=3) == 1 + 1 + 3 + 3


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_trial_meets_the_budget_and_none_is_a_repeat(name, tables):
    proposals = run(tables, allocators=list(ALLOCATORS), samplers=[name], trials=40)
    assert sum(proposal.proposer == name for proposal in proposals) >= 40
    assert len({proposal.allocation for proposal in proposals}) == len(proposals)
    for proposal in proposals:
        assert proposal.params == tables[0].space.params(proposal.allocation) <= BUDGET
        assert dict(proposal.scores) == {table.proxy: table.of(proposal.allocation) for table in tables}


def test_the_same_seed_gives_the_same_proposals_and_samplers_do_not_disturb_each_other(tables):
    both = run(tables, samplers=["tpe", "nsga2"])
    assert both == run(tables, samplers=["tpe", "nsga2"]) != run(tables, samplers=["tpe", "nsga2"], seed=1)
    assert both[:-30] == run(tables, samplers=["tpe"])


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("site", ["learning_rate", "scaling", "budget"])
def test_a_site_may_be_called_as_what_else_a_study_can_choose(name, site, tables):
    sites = (replace(tables[0].space.sites[0], name=site), *tables[0].space.sites[1:])
    space = replace(tables[0].space, sites=sites)
    table = per_unit_of_rank("planted", "dense", space, np.arange(20.0) + 1)
    found = run([table], allocators=[], samplers=[name], trials=3)[1:]
    assert len(found) == 3
    assert all(one.params == space.params(one.allocation) <= BUDGET for one in found)


def optunas_own(name, tables, trials):
    """What a sampler comes to where it is asked and told as Optuna has it, and none runs beside another."""
    space, rng = tables[0].space, chance_of(0, f"sampler {name}")
    seed = int(rng.integers(2**32))
    tpe = TPESampler(seed=seed, multivariate=True, constant_liar=False)
    sampler = tpe if name == "tpe" else SAMPLERS[name].make(seed)
    study = optuna.create_study(directions=["maximize"] * len(tables), sampler=sampler)
    for _ in range(trials):
        trial = study.ask()
        asked = np.array([trial.suggest_categorical(site.name, space.ranks) for site in space.sites])
        failed = study.tell(trial, state=TrialState.FAIL)
        found = space.allocation(repair(asked, space, BUDGET, rng=rng))
        yield found
        params = dict(zip(failed.params, space.rank_vector(found).tolist(), strict=True))
        more = {"distributions": failed.distributions, "system_attrs": failed.system_attrs}
        study.add_trial(create_trial(params=params, values=[table.of(found) for table in tables], **more))


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("objectives", [1, 2])
def test_a_sampler_proposes_what_optunas_own_ask_and_tell_come_to(name, objectives, tables):
    """NSGA-II goes on to a second generation after 16."""
    found = run(tables[:objectives], allocators=[], samplers=[name], trials=24)[1:]
    assert [one.allocation for one in found] == list(optunas_own(name, tables[:objectives], 24))


def watched(monkeypatch):
    """The studies that TPE is asked in from now on, once for each time that it is."""
    asked = []

    class Watched(RememberingTPE):
        def sample_relative(self, study, trial, search_space):
            asked.append(study)
            return super().sample_relative(study, trial, search_space)

    monkeypatch.setitem(SAMPLERS, "tpe", replace(SAMPLERS["tpe"], make=Watched))
    return asked


def test_equal_proposals_of_allocators_are_one_with_all_names(make_space):
    space = make_space([(16, 16)] * 4, (0, 2))
    tables = [per_unit_of_rank(name, "dense", space, [4.0, 3.0, 2.0, 1.0]) for name in ("grad_norm", "snip")]
    heard = []
    proposals = run(tables, max_params=2 * 64, allocators=["greedy", "exact"], on_proposal=heard.append)
    assert [proposal.proposer for proposal in proposals] == [
        "uniform",
        "grad_norm/greedy+grad_norm/exact+snip/greedy+snip/exact",
    ]
    assert len(heard) == 5
    assert heard[-1] == proposals[1]


@pytest.mark.parametrize(
    ("kept", "objectives"),
    [(slice(0, 3), 2), (slice(0, 1), 1), (slice(2, 3), 1)],
    ids=["constant beside others is none", "one proxy", "constant alone is one"],
)
def test_constant_is_an_objective_only_where_it_is_alone(tables, kept, objectives, monkeypatch):
    asked = watched(monkeypatch)
    run(tables[kept], samplers=["tpe"], trials=2)
    assert {tuple(study.directions) for study in asked} == {(StudyDirection.MAXIMIZE,) * objectives}


def test_an_exhausted_space_stops_with_a_log_line(make_space, caplog):
    space = make_space([(16, 16)] * 3, (0, 2))
    table = per_unit_of_rank("planted", "dense", space, [1.0, 2.0, 3.0])
    with caplog.at_level(logging.WARNING):
        proposals = run([table], max_params=64, samplers=["tpe"], trials=50)
    found = {proposal.allocation.ranks for proposal in proposals[1:]}
    assert found == {((f"layers.{i}.q", 2),) for i in range(3)}  # exactly one of the three sites is on
    assert "tpe: stopped after 2 of 50 proposals" in caplog.text


def test_bad_arguments_are_refused(tables):
    with pytest.raises(UsageError, match="`allocator='best'` is unknown"):
        run(tables, allocators=["best"])
    with pytest.raises(UsageError, match="`sampler='best'` is unknown"):
        run(tables, samplers=["best"])
    with pytest.raises(UsageError, match="max_params=10 is too small"):
        run(tables, max_params=10)
    with pytest.raises(ValueError, match="each once, over one space"):
        run([tables[0], tables[0]])
    with pytest.raises(ValueError, match="trials=-1 must be >= 0"):
        run(tables, trials=-1)


class Pool:
    """Answers with the first allocation of a few that is allowed, worth ten times its place."""

    def __init__(self, *allocations):
        self.worth = {allocation: 10.0 * place for place, allocation in enumerate(allocations)}

    def __call__(self, scores, allocation, *, apart_from=()):
        left = [one for one in self.worth if one not in apart_from]
        return StandIn(left[0], (("planted", self.worth[left[0]]),)) if left else None


def test_what_stands_for_a_proposal_takes_its_place_with_its_own_score(make_space, caplog, monkeypatch):
    """Rank 3 is off the grid: a sampler is told the next rank below."""
    space = make_space([(16, 16)] * 3, (0, 1, 2))
    first, second, third = (space.allocation(ranks) for ranks in ([3, 0, 0], [1, 1, 0], [0, 0, 2]))
    asked = watched(monkeypatch)
    scores = [per_unit_of_rank("planted", "dense", space, [1.0, 2.0, 3.0])]
    pool = Pool(second, first, third)
    proposals = run(scores, max_params=3 * 32, samplers=["tpe"], trials=9, stands_for=pool)
    assert [(p.allocation, p.proposer, p.scores) for p in proposals] == [
        (second, "uniform+planted/greedy", (("planted", 0.0),)),
        (first, "tpe", (("planted", 10.0),)),
        (third, "tpe", (("planted", 20.0),)),
    ]
    told = [trial for trial in asked[-1].trials if trial.state is TrialState.COMPLETE]
    ranks = [[trial.params[site.name] for site in space.sites] for trial in told]
    assert (ranks, [trial.values for trial in told]) == ([[2, 0, 0], [0, 0, 2]], [[10.0], [20.0]])
    assert "tpe: stopped after 2 of 9 proposals" in caplog.text
