"""``search.allocate`` within a memory."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from evaluators.adapters.peft_params import peft_params
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


def test_another_proxy_sketches_and_gives_nearly_the_same(
    tiny_language_model: TinyModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    model = tiny_language_model("llama")
    batches = batches_of(model)
    exact = allocate(model, batches, budget="r=2", proxy="spectrum")
    assert "sketched" not in caplog.text
    sketched = allocate(model, batches, budget="r=2", proxy="spectrum", scoring_memory="1%")
    assert (
        "their norms and spectra are sketched, by 8 vectors from the right and 17 from the left"
        in caplog.text
    )
    uniform = allocate(model, batches, budget="r=2", allocator="uniform")
    whole, rough, even = (Counter(peft_params(model, config)) for config in (exact, sketched, uniform))
    assert 0.9 * even.total() < rough.total() <= even.total()
    assert (whole & rough).total() > 0.8 * whole.total()  # of the parameters, at the very same linears


def test_no_amount_of_memory_is_refused(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    batches = batches_of(model)
    with pytest.raises(UsageError, match=r"`scoring_memory='2'` is no amount of memory"):
        allocate(model, batches, budget="r=2", scoring_memory="2")
    with pytest.raises(UsageError, match=r"`scoring_memory=2` must be text"):
        allocate(model, batches, budget="r=2", scoring_memory=2)
