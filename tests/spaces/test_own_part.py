from __future__ import annotations

import pytest
import torch

from spaces.own_part import add_to_part, part_of
from spaces.site import Part, Tap

TAPS = {
    None: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    Part(2, 5): [2, 3, 4],
    Part(2, 4, every=6): [2, 3, 8, 9],
    Part(0, 1, every=3): [0, 3, 6, 9],
}


@pytest.mark.parametrize(("part", "features"), TAPS.items())
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_a_part_is_read_and_added_to_along_any_dimension(part, features, dim):
    tap, tensor = Tap("m", "out", part), torch.randn(12, 12)
    expected = tensor.index_select(dim, torch.tensor(features))
    assert torch.equal(part_of(tensor, tap, dim=dim), expected)
    added = torch.randn(expected.shape)
    changed = tensor.clone()
    add_to_part(changed, tap, added, dim=dim)
    assert torch.equal(changed, tensor.index_add(dim, torch.tensor(features), added))


def test_a_part_in_one_piece_is_a_view_and_an_interleaved_one_a_copy():
    tensor = torch.zeros(12)
    part_of(tensor, Tap("m", "out", Part(2, 5))).fill_(1)
    assert tensor.tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert Tap("m", "out", Part(2, 4, every=6)).interleaved
    part_of(tensor, Tap("m", "out", Part(2, 4, every=6))).fill_(2)
    assert tensor.max() == 1


@pytest.mark.parametrize("part", [Part(2, 5), Part(2, 4, every=6)])
def test_gradients_go_through_what_is_added(part):
    values = torch.randn(2, 3 if part.every is None else 4, requires_grad=True)
    target = torch.zeros(2, 12)
    add_to_part(target, Tap("m", "out", part), values)
    target.square().sum().backward()
    assert torch.equal(values.grad, 2 * values.detach())
