from __future__ import annotations

import weakref

import pytest
import torch

from spaces.find_sites import find_sites
from spaces.hooks import attach


@pytest.mark.parametrize("family", ["opt", "llama"])
def test_nothing_of_a_pass_is_kept_behind_it(tiny_language_model, tiny_batch, family):
    model, seen = tiny_language_model(family), []

    def visit(sites, sources, target):
        seen.extend(weakref.ref(source) for source in sources)
        return target

    with torch.no_grad(), attach(model, find_sites(model, "lora[q]+shortcut"), visit):
        model(**tiny_batch)
        assert seen
        assert [one() for one in seen if one() is not None] == []
