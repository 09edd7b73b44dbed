"""What proxies need of sites is the same in one pass, in several, and as far as stated from sketches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from evaluators.objectives.causal_lm import CausalLM
from proxies.measure.evidence import Evidence
from proxies.measure.spectrum_needs import GAINS, NORM
from proxies.proxy import needs_of
from proxies.registry import PROXIES, find_proxy, score_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.memory_size import MemorySize
from spaces.objective import Batch
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.wires import initial_a
from tests.largest_tensor import LargestTensor

ENTRYWISE = ("snip", "plain", "fisher", "snr", "eva", "zico", "adam_signal", "spectrum")
WIDE = {  # in which every site is of 128 x 128
    "hidden_size": 128,
    "intermediate_size": 128,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 16,
}
LARGE = ("grad_norm", "spectrum", "root:adam_signal", "grad_norm@init")


@pytest.fixture
def three_batches(tiny_batch) -> list[Batch]:
    """Of a language model, two rows each."""
    labels = tiny_batch["input_ids"].masked_fill(tiny_batch["attention_mask"] == 0, -100)
    return [Batch(tiny_batch, labels).take(slice(start, start + 2)) for start in (0, 2, 4)]


@pytest.fixture
def language(tiny_language_model, three_batches):
    """A function that gives evidence of a language model within so many bytes."""

    def build(memory: int, names=(), *, family: str = "llama", on_batch=lambda: None, **sizes) -> Evidence:
        model = tiny_language_model(family, **sizes)
        space = SearchSpace(find_sites(model, "lora[all]+shortcut"), (0, 1, 2, 8))
        needs = needs_of([find_proxy(name) for name in names])
        limit = MemorySize(memory, "bytes")
        return Evidence(
            model, CausalLM(), three_batches, space, seed=0, needs=needs, memory=limit, on_batch=on_batch
        )

    return build


def scores_of(evidence: Evidence, names):
    return score_sites([find_proxy(name) for name in names], evidence)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_sites_in_groups_score_as_all_of_them_together(language, family):
    passes = []
    together = scores_of(language(10**9, ENTRYWISE, family=family), ENTRYWISE)
    few = language(100_000, ENTRYWISE, family=family, on_batch=lambda: passes.append(1))
    for one, other in zip(together, scores_of(few, ENTRYWISE), strict=True):
        np.testing.assert_allclose(one.by_rank, other.by_rank, rtol=1e-4, err_msg=one.proxy)
        assert other.error == 0  # the spectrum too, as the passes form G
    assert len(passes) > 3
    assert len(passes) % 3 == 0


def test_the_large_defaults_take_one_pass_and_form_no_gradient(language):
    passes = []
    evidence = language(1_200_000, LARGE, on_batch=lambda: passes.append(1), **WIDE)
    assert not evidence.dense.fits
    with LargestTensor(besides=evidence.model.parameters()) as seen:
        norm, gains, signal, of_b = scores_of(evidence, LARGE)
    assert len(passes) == 3
    assert seen.elements < 128 * 128 / 2
    assert norm.error > 0
    assert gains.error == 2 * norm.error
    assert signal.error == of_b.error == 0


@pytest.mark.parametrize("name", ["grad_norm", "spectrum", "gps"])
def test_sketched_scores_rank_allocations_as_exact_ones(language, name):
    exact, sketched = (scores_of(language(memory), [name])[0] for memory in (10**9, 100_000))
    assert exact.error == 0 < sketched.error
    ranks = np.random.default_rng(0).choice(exact.space.ranks, size=(300, len(exact.space.sites)))
    assert spearmanr(exact.of_rank_vectors(ranks), sketched.of_rank_vectors(ranks)).statistic > 0.98
    of_norm = 2 if name == "spectrum" else 1  # its square's
    worst = np.abs(sketched.by_site / exact.by_site - 1).max()
    assert worst <= of_norm * language(100_000).dense.error_of(NORM)


def test_whole_gradients_that_do_not_fit_are_refused(language):
    evidence = language(100_000)
    with pytest.raises(InputError, match=r"gradients of all \d+ sites at once take \d+ kB.*100 kB; raise it"):
        _ = evidence.gradients
    with pytest.raises(InputError, match="scoring_memory"):
        score_sites([PROXIES["grasp"]], evidence)


def test_norms_are_exact_wherever_another_need_forms_the_gradient_anyway(language):
    evidence, whole = language(100_000, ["grad_norm", "snip"]), language(10**9)
    np.testing.assert_allclose(evidence.dense.norms, whole.of(NORM), rtol=1e-4)
    assert evidence.dense.error_of(NORM) == 0 < evidence.dense.error_of(GAINS)  # which was not asked for then


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
def test_what_goes_through_a_is_what_the_whole_gradient_gives(language, three_batches, family):
    names = ("grad_norm@init", "adam_gain", "adam_signal")
    evidence = language(10**9, names, family=family)
    alone = [
        Evidence(evidence.model, CausalLM(), [batch], evidence.space, seed=0).gradients
        for batch in three_batches
    ]
    norms, gains, signals = scores_of(evidence, names)
    for n, site in enumerate(evidence.space.sites):
        a = initial_a(site, 8, seed=0).astype(float)
        factor = Scaling().factor(site.kind, 8)
        b = np.stack([factor * one[site.name].double().numpy() @ a.T for one in alone])
        m, v = b.mean(0), (b**2).mean(0)
        assert norms.by_site[n] == pytest.approx(np.linalg.norm(3 * m), rel=1e-4)
        assert gains.by_site[n] == pytest.approx((m**2 / (np.sqrt(v) + 1e-8)).sum(), rel=1e-3)
        squared = np.maximum((3 * m**2 - v) / 2, 0)
        assert signals.by_site[n] == pytest.approx((squared / (np.sqrt(v) + 1e-8)).sum(), rel=1e-3)


def test_proxies_at_init_compute_nothing_as_large_as_a_weight(language):
    names = ("grad_norm@init", "adam_signal", "zico")
    evidence = language(10**9, names, **WIDE)
    assert {site.d_in * site.d_out for site in evidence.space.sites} == {128 * 128}
    with LargestTensor(besides=evidence.model.parameters()) as seen:
        scores_of(evidence, names)
    assert seen.elements < 128 * 128 / 2
    with LargestTensor(besides=evidence.model.parameters()) as seen:
        scores_of(evidence, ["snip"])
    assert seen.elements == 128 * 128
