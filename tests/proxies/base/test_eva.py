"""EVA against a singular value decomposition of the activations themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.registry import PROXIES, score_sites


@pytest.mark.parametrize("kind", ["lora", "residual", "cross"])
def test_eva_is_the_share_of_the_squares_of_what_a_site_reads(evidence, tiny_batch, kind):
    row, site = [(i, s) for i, s in enumerate(evidence.space.sites) if s.kind == kind][-1]
    seen = []
    module = evidence.model.get_submodule(site.source.module)
    with torch.no_grad():
        if site.source.side == "in":
            module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        else:
            module.register_forward_hook(
                lambda _, __, output: seen.append(output[0] if isinstance(output, tuple) else output)
            )
        evidence.model(**tiny_batch)
    tokens = seen[0][tiny_batch["attention_mask"].bool()].double().numpy()  # padding left out
    squares = np.linalg.svd(tokens, compute_uv=False) ** 2
    (scores,) = score_sites([PROXIES["eva"]], evidence)
    expected = [squares[:rank].sum() / squares.sum() for rank in evidence.space.ranks]
    np.testing.assert_allclose(scores.by_rank[row], expected, rtol=1e-4)
    assert scores.by_site[row] == scores.by_rank[row, -1]
