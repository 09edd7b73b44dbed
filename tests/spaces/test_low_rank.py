"""Each form of the product against the definition, and to the last bit against how it was written before."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from spaces.low_rank import add_by_setting, add_by_slot, with_update
from spaces.site import Part, Site, Tap

D_IN, D_OUT, RANK = 12, 8, 3
WHOLE = Site("layers.0.q", 0, "q", "lora", D_IN, D_OUT, Tap("m", "in"), Tap("m", "out"))
PART = Site("layers.0.q", 0, "q", "lora", D_IN, D_OUT, Tap("m", "in"), Tap("m", "out", Part(8, 16)))
BY_HEAD = Site("layers.0.q", 0, "q", "lora", D_IN, D_OUT, Tap("m", "in"), Tap("m", "out", Part(4, 8, 12)))
WITH_HEADS = pytest.mark.parametrize("site", [WHOLE, PART, BY_HEAD], ids=["whole", "part", "by head"])
SITES = pytest.mark.parametrize("site", [WHOLE, PART], ids=["whole", "part"])
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])


def drawn(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def target_of(site: Site, rows: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A target, and the part of a copy of it that the site adds to."""
    whole = drawn(rows, 5, D_OUT if site is WHOLE else 3 * D_OUT, dtype=dtype, seed=1)
    return whole, own(site, whole.clone())


def own(site: Site, target: Tensor) -> Tensor:
    if site is BY_HEAD:  # the second quarter-dozen of each dozen: heads of width 4
        return target[..., [4, 5, 6, 7, 16, 17, 18, 19]]
    return target if site is WHOLE else target[..., 8:16]


@SITES
@DTYPES
def test_by_slot_is_what_wires_computed_before_to_the_last_bit(site, dtype):
    source, (target, part) = drawn(4, 5, D_IN, dtype=dtype), target_of(site, 4, dtype)
    a, b, gate = drawn(2, RANK, D_IN, seed=2), drawn(2, D_OUT, RANK, seed=3), drawn(2, RANK, seed=4)
    x = source.reshape(2, -1, D_IN)
    inner = torch.bmm(x, (a * gate[:, :, None]).to(x.dtype).transpose(1, 2))
    part.view(2, -1, D_OUT).baddbmm_(inner, b.to(x.dtype).transpose(1, 2))
    add_by_slot(target, source, site, a=a, b=b, gate=gate)
    assert torch.equal(own(site, target), part)


@WITH_HEADS
def test_by_slot_adds_each_slots_own_product_and_nothing_beside_its_part(site):
    source, (target, part) = drawn(4, 5, D_IN), target_of(site, 4, torch.float32)
    a, b, gate = drawn(2, RANK, D_IN, seed=2), drawn(2, D_OUT, RANK, seed=3), drawn(2, RANK, seed=4)
    outside = target.clone()
    updates = b @ torch.diag_embed(gate) @ a
    expected = part + torch.einsum("sod,sntd->snto", updates, source.view(2, 2, 5, D_IN)).flatten(0, 1)
    add_by_slot(target, source, site, a=a, b=b, gate=gate)
    torch.testing.assert_close(own(site, target), expected)
    beside = torch.ones(target.shape[-1], dtype=torch.bool)
    beside[own(site, torch.arange(target.shape[-1]))] = False
    assert torch.equal(outside[..., beside], target[..., beside])


@SITES
@DTYPES
def test_by_setting_is_what_ablations_computed_before_to_the_last_bit(site, dtype):
    source, (target, part) = drawn(6, 5, D_IN, dtype=dtype), target_of(site, 6, dtype)
    a, b, gate = drawn(RANK, D_IN, seed=2), drawn(D_OUT, RANK, seed=3), drawn(3, RANK, seed=4)
    inner = source.reshape(3, -1, D_IN) @ a.to(dtype).T * gate.to(dtype)[:, None, :]
    part.view(-1, D_OUT).addmm_(inner.flatten(0, 1), b.to(dtype).T)
    add_by_setting(target, source, site, a=a, b=b, gate=gate)
    assert torch.equal(own(site, target), part)


@WITH_HEADS
def test_settings_that_share_weights_are_slots_with_copies_of_them(site):
    source, (target, _) = drawn(6, 5, D_IN), target_of(site, 6, torch.float32)
    a, b, gate = drawn(RANK, D_IN, seed=2), drawn(D_OUT, RANK, seed=3), drawn(3, RANK, seed=4)
    copied = target.clone()
    add_by_setting(target, source, site, a=a, b=b, gate=gate)
    add_by_slot(copied, source, site, a=a.expand(3, RANK, D_IN), b=b.expand(3, D_OUT, RANK), gate=gate)
    torch.testing.assert_close(target, copied)


def test_one_gate_for_all_ranks_is_the_same_gate_at_each():
    source, a, b = drawn(6, 5, D_IN), drawn(RANK, D_IN, seed=2), drawn(D_OUT, RANK, seed=3)
    one, each = drawn(6, 5, D_OUT, seed=1), drawn(6, 5, D_OUT, seed=1)
    gate = drawn(3, 1, seed=4)
    add_by_setting(one, source, WHOLE, a=a, b=b, gate=gate)
    add_by_setting(each, source, WHOLE, a=a, b=b, gate=gate.expand(3, RANK))
    assert torch.equal(one, each)


@WITH_HEADS
@DTYPES
def test_an_update_is_a_changed_weight(site, dtype):
    source, (target, part) = drawn(4, 5, D_IN, dtype=dtype), target_of(site, 4, dtype)
    update = drawn(D_OUT, D_IN, seed=2)
    expected = part + torch.nn.functional.linear(source, update.to(dtype))
    updated = with_update(target, source, site, update)
    assert torch.equal(own(site, updated), expected)
    assert torch.equal(own(site, target), part)


@pytest.mark.parametrize("learns", ["a", "b", "gate", "source"])
def test_gradients_reach_whatever_learns(learns):
    parts = {
        "a": drawn(2, RANK, D_IN, seed=2),
        "b": drawn(2, D_OUT, RANK, seed=3),
        "gate": drawn(2, RANK, seed=4),
        "source": drawn(4, 5, D_IN),
    }
    parts[learns].requires_grad_()
    target = drawn(4, 5, D_OUT, seed=1)
    add_by_slot(target, parts["source"], WHOLE, a=parts["a"], b=parts["b"], gate=parts["gate"])
    target.square().sum().backward()
    assert parts[learns].grad.any()
