"""What proxies need of sites is the same in one pass, in several, and as far as stated from sketches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from evaluators.objectives.causal_lm import CausalLM
from proxies.measure.evidence import Evidence
from proxies.measure.sketch import SketchedSpectrum, left_rows, sketched_spectrum
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
    assert gains.error > 2 * norm.error  # of a root that is smaller than the norm
    assert signal.error == of_b.error == 0


@pytest.mark.parametrize("name", ["grad_norm", "spectrum", "gps"])
def test_sketched_scores_rank_allocations_as_exact_ones(language, name):
    exact, sketched = (scores_of(language(memory), [name])[0] for memory in (10**9, 100_000))
    assert exact.error == 0 < sketched.error
    ranks = np.random.default_rng(0).choice(exact.space.ranks, size=(300, len(exact.space.sites)))
    assert spearmanr(exact.of_rank_vectors(ranks), sketched.of_rank_vectors(ranks)).statistic > 0.98
    assert np.abs(exact.by_site / sketched.by_site - 1).max() <= sketched.error


def flat(d: int, vectors: int, seed: int) -> SketchedSpectrum:
    """The sketch of an orthogonal matrix: all singular values are 1."""
    rng = np.random.default_rng(seed)
    g = np.linalg.qr(rng.normal(size=(d, d)))[0]
    omega, psi = rng.normal(size=(d, vectors)), rng.normal(size=(left_rows(vectors), d))
    return sketched_spectrum(*map(torch.from_numpy, (g @ omega, psi @ g, psi)))


@pytest.mark.parametrize("name", ["spectrum", "gps"])
@pytest.mark.parametrize(("d", "vectors"), [(64, 63), (64, 9), (200, 9)])
def test_the_error_is_of_the_score_and_not_of_the_norm(language, name, d, vectors):
    """Of a flat spectrum the first singular value is a small part."""
    evidence = language(100_000)
    evidence.space = SearchSpace(evidence.space.sites, (0, 1))
    for seed in range(20):
        one = flat(d, vectors, seed)
        numbers = np.array([[one.norm, one.error, 0, one.squares[0]]] * len(evidence.space.sites))
        evidence.dense.of = lambda need, numbers=numbers: numbers
        scores = PROXIES[name].measure(evidence, name)
        assert np.abs(1 / scores.by_site - 1).max() <= scores.error
        of_root = one.error / np.sqrt(one.squares[0])
        assert scores.error == pytest.approx((1 + of_root) ** 2 - 1 if name == "spectrum" else of_root)


@pytest.mark.parametrize("members", ["grad_norm+spectrum", "spectrum+grad_norm@init"])
def test_an_ensemble_of_sketched_scores_states_no_error(language, members):
    (exact,), (sketched,) = (scores_of(language(m), [f"ensemble:{members}"]) for m in (10**9, 100_000))
    assert exact.error == 0
    assert sketched.error is None


def test_whole_gradients_that_do_not_fit_are_refused(language):
    evidence = language(100_000)
    with pytest.raises(InputError, match=r"gradients of all \d+ sites at once take \d+ kB.*100 kB; raise it"):
        _ = evidence.gradients
    with pytest.raises(InputError, match="scoring_memory"):
        score_sites([PROXIES["grasp"]], evidence)


def test_norms_are_exact_wherever_another_need_forms_the_gradient_anyway(language):
    evidence, whole = language(100_000, ["grad_norm", "snip"]), language(10**9)
    np.testing.assert_allclose(evidence.dense.norms, whole.of(NORM), rtol=1e-4)
    norms = evidence.dense.norms
    assert evidence.dense.error_of(NORM, norms) == 0
    assert evidence.dense.error_of(GAINS, norms) > 0  # which was not asked for then


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
