"""Tensors of many slots are views of one array, selected, named and differentiated together."""

from __future__ import annotations

import pytest
import torch

from spaces.stacked import Stacked

SHAPES = {"q.A": (2, 3), "head.bias": (4,)}


@pytest.fixture
def stacked() -> Stacked:
    """Three slots of ten numbers each."""
    three = Stacked(SHAPES, 3, device="cpu")
    three.values.copy_(torch.arange(30.0).view(3, 10) - 15)
    return three


def test_every_tensor_is_a_view_of_the_one_array(stacked):
    assert stacked.leaf["q.A"].shape == (3, 2, 3)
    stacked.slot("head.bias", 1).fill_(7)
    assert stacked.values[1, 6:].tolist() == [7.0] * 4
    assert stacked.slots == 3


def test_rows_like_those_of_the_array_are_named_as_its_tensors_are(stacked):
    of_slot, of_all = stacked.named(stacked.values[2]), stacked.named(stacked.values)
    for name, leaf in stacked.leaf.items():
        assert torch.equal(of_slot[name], leaf[2])
        assert torch.equal(of_all[name], leaf)


def test_what_is_selected_comes_in_that_order(stacked):
    stacked.select([2, 0])
    assert torch.equal(stacked.of_selected(stacked.values), stacked.values[[2, 0]])
    stacked.select([0, 1, 2])
    assert stacked.of_selected(stacked.values) is stacked.values


def test_the_gradient_is_zero_where_a_loss_does_not_reach(stacked):
    gradient = stacked.gradient((stacked.leaf["q.A"][1] * 2).sum())
    assert gradient[1].tolist() == [2.0] * 6 + [0.0] * 4
    assert not gradient[[0, 2]].any()


def test_frozen_tensors_get_no_gradient_and_learn_again_afterwards(stacked):
    other = torch.ones(2, 3, requires_grad=True)
    with stacked.frozen():
        (stacked.leaf["q.A"] * other).sum().backward()
    assert all(leaf.grad is None and leaf.requires_grad for leaf in stacked.leaf.values())


def test_a_slot_is_absolute_within_the_block_alone(stacked):
    before = stacked.values.clone()
    with stacked.absolute(0):
        assert torch.equal(stacked.values[0], before[0].abs())
        assert torch.equal(stacked.values[1:], before[1:])
    assert torch.equal(stacked.values, before)
