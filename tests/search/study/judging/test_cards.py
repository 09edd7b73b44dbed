"""Report cards: their parts put together, and what they promise on simulated data."""

import math

import numpy as np
import pytest
from scipy import stats

from search.study.judging.bootstrap import correlation_estimate, crossed_resamples
from search.study.judging.cards import cards
from search.study.judging.correlation import replicate_correlations
from search.study.judging.noise_ceiling import reliability
from search.study.judging.report_card import Estimate
from search.study.judging.sample import Sample


def dealt(truth, scores, params=None, *, resamples=200, ceiling=None, seed=0):
    params = np.ones(len(truth)) if params is None else params
    sample = Sample.of("2.3M", truth, scores, params)
    found = cards(sample, ceiling=ceiling, ks=(1, 3), resamples=resamples, rng=np.random.default_rng(seed))
    return {card.proxy: card for card in found}


def simulated(allocations=40, seeds=3, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=allocations)
    return rng, signal, signal[:, None] + noise * rng.normal(size=(allocations, seeds))


def test_a_planted_proxy_comes_first_and_is_the_only_one_found():
    rng, _, truth = simulated()
    scores = {f"random{i}": rng.normal(size=40) for i in range(20)} | {"planted": truth.mean(axis=1)}
    found = dealt(truth, scores)
    assert next(iter(found)) == "planted"
    assert found["planted"].spearman.value == pytest.approx(1)
    assert [card.proxy for card in found.values() if card.significant] == ["planted"]


def test_of_twenty_random_proxies_none_is_found_though_one_looks_it():
    rng, _, truth = simulated(seed=3)
    scores = {f"random{i}": rng.normal(size=40) for i in range(20)}
    assert not any(card.significant for card in dealt(truth, scores).values())
    alone = [dealt(truth, {name: own})[name].p_holm for name, own in scores.items()]
    assert min(alone) < 0.05


def test_a_proxy_that_orders_backwards_is_far_from_chance_and_still_not_significant():
    _, signal, truth = simulated()
    card = dealt(truth, {"backwards": -signal})["backwards"]
    assert card.p_holm < 0.001
    assert not card.significant


def test_points_are_scipys():
    rng, signal, truth = simulated()
    score, params, mean = signal + rng.normal(size=40), rng.integers(5, size=40), truth.mean(axis=1)
    card = dealt(truth, {"snip": score}, params, ceiling=0.8)["snip"]
    rho = stats.spearmanr(score, mean).statistic
    assert card.spearman.value == pytest.approx(rho)
    assert card.kendall.value == pytest.approx(stats.kendalltau(score, mean).statistic)
    assert card.pearson.value == pytest.approx(stats.pearsonr(score, mean).statistic)
    assert card.over_params.value == pytest.approx(rho - stats.spearmanr(params, mean).statistic)
    assert card.of_ceiling.value == pytest.approx(rho / 0.8)


def test_the_parameter_count_has_no_lead_over_itself_and_nothing_left_given_itself():
    rng, signal, truth = simulated()
    params = signal + rng.normal(size=40)
    card = dealt(truth, {"params": params}, params)["params"]
    assert card.over_params == Estimate(0, 0, 0)
    assert card.partial == Estimate(None, None, None)


def test_the_lead_over_params_is_paired():
    """A proxy that nearly is the parameter count leads by little, and by little more in any replicate."""
    rng, signal, truth = simulated()
    params = signal + rng.normal(size=40)
    card = dealt(truth, {"snip": params + 0.01 * rng.normal(size=40)}, params)["snip"]
    lead, rho = card.over_params, card.spearman
    assert lead.high - lead.low < 0.1 * (rho.high - rho.low)


def test_at_equal_cost_nothing_is_said_of_params():
    _, signal, truth = simulated()
    card = dealt(truth, {"snip": signal})["snip"]
    assert card.over_params is None
    assert card.partial is None


@pytest.mark.parametrize(("spread", "known"), [(0.009, False), (0.011, True)])
def test_costs_within_one_percent_are_equal_and_the_counts_card_is_still_there(spread, known):
    rng, signal, truth = simulated()
    params = 1e6 * (1 - spread * np.append([0, 1], rng.uniform(size=38)))
    found = dealt(truth, {"snip": signal, "params": params}, params)
    assert (found["snip"].over_params is not None) == known
    assert (found["snip"].partial is not None) == known
    assert found["params"].spearman.value is not None


def test_the_lead_over_the_spread_is_paired_and_absent_where_there_is_none():
    rng, signal, truth = simulated()
    spread = signal + rng.normal(size=40)
    found = dealt(truth, {"root": spread + 0.01 * rng.normal(size=40), "good": signal, "spread": spread})
    rhos = {
        name: stats.spearmanr(s, truth.mean(axis=1)).statistic for name, s in [("s", spread), ("g", signal)]
    }
    assert found["good"].over_spread.value == pytest.approx(rhos["g"] - rhos["s"])
    assert found["good"].over_spread.low > 0
    lead, rho = found["root"].over_spread, found["root"].spearman
    assert lead.high - lead.low < 0.1 * (rho.high - rho.low)
    assert found["spread"].over_spread == Estimate(0, 0, 0)
    assert dealt(truth, {"good": signal})["good"].over_spread is None
    assert dealt(truth, {"good": signal, "spread": np.ones(40)})["good"].over_spread is None


def test_the_partial_correlation_has_an_interval_that_tells_skill_from_size():
    rng, signal, truth = simulated()
    params = signal + 0.5 * rng.normal(size=40)
    found = dealt(truth, {"size": params + 0.3 * rng.normal(size=40), "good": signal}, params)
    for card in found.values():
        assert card.partial.low < card.partial.value < card.partial.high
    assert found["good"].partial.low > 0
    assert found["size"].partial.low < 0 < found["size"].partial.high


def test_undefined_correlations_are_none_and_come_last_and_cost_the_others_nothing():
    rng, signal, truth = simulated()
    weak = signal + 4 * rng.normal(size=40)
    found = dealt(truth, {"constant": np.ones(40), "weak": weak}, rng.normal(size=40), ceiling=0.9)
    card = found["constant"]
    assert list(found) == ["weak", "constant"]
    assert card.spearman == card.kendall == card.pearson == card.over_params == Estimate(None, None, None)
    assert card.partial == Estimate(None, None, None)
    assert (card.of_ceiling, card.p_holm) == (None, 1.0)
    assert not card.significant
    alone = dealt(truth, {"weak": weak})["weak"]
    assert found["weak"].p_holm == alone.p_holm


@pytest.mark.parametrize("allocations", [0, 1, 2])
def test_fewer_than_three_allocations_have_no_correlation_but_may_have_a_best(allocations):
    truth = np.arange(allocations * 2.0).reshape(allocations, 2)
    card = dealt(truth, {"snip": np.arange(allocations)})["snip"]
    assert card.spearman == Estimate(None, None, None)
    assert [each.k for each in card.at_k] == [1][:allocations]


def test_a_ceiling_of_zero_has_no_fraction():
    _, signal, truth = simulated()
    assert dealt(truth, {"snip": signal}, ceiling=0.0)["snip"].of_ceiling is None


def test_chance_comes_from_rng_alone():
    rng, signal, truth = simulated()
    scores = {"snip": signal + rng.normal(size=40)}
    assert dealt(truth, scores, seed=1) == dealt(truth, scores, seed=1)
    assert dealt(truth, scores, seed=1) != dealt(truth, scores, seed=2)


@pytest.mark.parametrize(("latent", "noise"), [(0.0, 0.5), (0.6, 0.5), (0.6, 1.5), (0.9, 0.3)])
def test_the_interval_of_spearman_holds_the_populations_about_95_times_of_100(latent, noise):
    """Proxy and mean truth are bivariate normal, so Spearman is 6 / pi asin(r / 2)."""
    r = latent / math.sqrt(1 + noise**2 / 3)
    population = 6 / math.pi * math.asin(r / 2)
    held = []
    for repetition in range(200):
        rng, signal, truth = simulated(30, 3, noise, seed=repetition)
        proxy = latent * signal + math.sqrt(1 - latent**2) * rng.normal(size=30)
        drawn = crossed_resamples(truth, np.zeros(30, dtype=int), resamples=150, rng=rng)
        replicates = replicate_correlations(proxy[None], drawn).spearman[0]
        rho = stats.spearmanr(proxy, truth.mean(axis=1)).statistic
        estimate = correlation_estimate(rho, replicates, 30)
        held.append(estimate.low <= population <= estimate.high)
    assert 0.89 <= np.mean(held) <= 0.99


def test_the_interval_of_the_share_of_the_ceiling_holds_the_populations_about_95_times_of_100():
    """The share is Spearman's rho with the signal over that of the signal itself, both by the arcsine law."""
    latent, noise = 0.6, 1.0
    attenuated = 1 / math.sqrt(1 + noise**2 / 3)
    population = math.asin(latent * attenuated / 2) / math.asin(attenuated / 2)
    held = []
    for seed in range(100):
        rng, signal, truth = simulated(60, 3, noise, seed)
        proxy = latent * signal + math.sqrt(1 - latent**2) * rng.normal(size=60)
        ceiling = math.sqrt(reliability(truth, rng=rng))
        share = dealt(truth, {"proxy": proxy}, resamples=150, ceiling=ceiling, seed=seed)["proxy"].of_ceiling
        held.append(share.low <= population <= share.high)
    assert 0.88 <= np.mean(held) <= 1.0


def test_a_perfect_proxy_reaches_the_ceiling_on_average():
    shares = []
    for seed in range(16):
        rng, signal, truth = simulated(100, 3, 1.0, seed)
        ceiling = math.sqrt(reliability(truth, rng=rng))
        shares.append(
            dealt(truth, {"perfect": signal}, resamples=2, ceiling=ceiling)["perfect"].of_ceiling.value
        )
    assert np.mean(shares) == pytest.approx(1, abs=0.03)
