"""``search.allocate`` within a memory."""

from __future__ import annotations

import pytest

from search.job.allocate import allocate
from spaces.errors import UsageError
from tests.conftest import TinyModel
from tests.search.job.labelled_batches import batches_of


def test_the_default_proxy_gives_the_same_in_as_little_memory_as_it_takes(
    tiny_language_model: TinyModel,
) -> None:
    model = tiny_language_model("llama")
    batches = batches_of(model)
    whole = allocate(model, batches, budget="r=2").to_dict()
    tight = allocate(model, batches, budget="r=2", scoring_memory="20kB").to_dict()
    assert tight == whole


def test_another_proxy_sketches_and_no_amount_is_refused(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    batches = batches_of(model)
    exact = allocate(model, batches, budget="r=2", proxy="spectrum")
    assert "sketched" not in caplog.text
    sketched = allocate(model, batches, budget="r=2", proxy="spectrum", scoring_memory="1%")
    assert "their norms and spectra are sketched, by 8 vectors from the right and 17 from the left" in caplog.text
    params, uniform = (sum(peft_params(model, config).values()) for config in (sketched, _uniform(model)))
    assert 0.9 * uniform < params <= uniform
    assert spearmanr(*(_ranks(config, sketched) for config in (exact, sketched))).statistic > 0.9


def test_no_amount_of_memory_is_refused(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    batches = batches_of(model)
    with pytest.raises(UsageError, match=r"`scoring_memory='2'` is no amount of memory"):
        allocate(model, batches, budget="r=2", scoring_memory="2")
    with pytest.raises(UsageError, match=r"`scoring_memory=2` must be text"):
        allocate(model, batches, budget="r=2", scoring_memory=2)
