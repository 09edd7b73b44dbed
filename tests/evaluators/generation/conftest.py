"""Prompts of several lengths, a tokenizer that spells tokens by their numbers, and candidates that were
trained by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from evaluators.data.decoding import Decoding
from evaluators.data.prompts import Prompts
from evaluators.generation.text_test import TextTest
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Candidate, Evaluation, Recipe, Trained
from evaluators.training.cohort import Cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites

MakeTest = Callable[..., TextTest]
ByChance = Callable[..., list[Trained]]


@pytest.fixture(scope="session")
def spelling() -> PreTrainedTokenizerFast:
    """Token n is the word ``n``; 3 is the end of a text."""
    words = Tokenizer(models.WordLevel({str(n): n for n in range(100)}, unk_token="0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"eos_token": "3", "pad_token": "1", "unk_token": "0"}
    return PreTrainedTokenizerFast(tokenizer_object=words, **special)


@pytest.fixture
def make_test(spelling: PreTrainedTokenizerFast) -> MakeTest:
    """A test of five prompts of 2 to 6 tokens; settings are of ``Decoding``."""

    def make(
        lengths: Sequence[int] = (4, 2, 6, 2, 3), stops: tuple[int, ...] = (3,), **settings: Any
    ) -> TextTest:
        rng = np.random.default_rng(0)
        ids = tuple(rng.integers(4, 100, length) for length in lengths)
        prompts = Prompts(ids, tuple(map(str, ids)), tuple(("7 8", "9") for _ in ids))
        decoding = Decoding(**{"max_new_tokens": 6, **settings})
        return TextTest(prompts, decoding, ("bleu",), stops, spelling)

    return make


@pytest.fixture
def by_chance() -> ByChance:
    """Candidates of a space whose A and B are drawn, each its own, at ranks that differ."""

    def make(
        model: PreTrainedModel, space: str, count: int, recipe: Recipe | None = None, size: float = 0.3
    ) -> list[Trained]:
        sites, trained = find_sites(model, space), []
        for seed in range(count):
            ranks = {site.name: (3, 1, 0, 4, 2)[(i + seed) % 5] for i, site in enumerate(sites)}
            candidate = Candidate(Allocation.of(ranks), seed, 1e-3)
            cohort = Cohort(model, sites, CausalLM(), [candidate], recipe or Recipe(), slots=1)
            cohort.load(0, candidate)
            draw = torch.randn(cohort.stacked.values.shape, generator=torch.Generator().manual_seed(seed))
            cohort.stacked.values.copy_(draw * size)
            evaluation = Evaluation(candidate, 0.5, 0.5, None, (), 0.0, 0)
            trained.append(Trained(evaluation, cohort.trained(0)))
        return trained

    return make
