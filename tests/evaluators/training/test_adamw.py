"""The stacked optimizer against torch's, slot by slot."""

from __future__ import annotations

import pytest
import torch
from transformers import get_linear_schedule_with_warmup

from evaluators.training.adamw import StackedAdamW, clip_per_slot, linear_schedule


def test_each_slot_steps_as_torch_adamw_with_its_own_learning_rate_and_start():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 20, generator=generator)
    rates, starts = [1e-2, 3e-3, 1e-1], [0, 4, 0]
    references = [torch.nn.Parameter(row.clone()) for row in values]
    theirs = [
        torch.optim.AdamW([p], lr=lr, weight_decay=0.05) for p, lr in zip(references, rates, strict=True)
    ]
    ours = StackedAdamW(values, weight_decay=0.05)
    for step in range(12):
        grads = torch.randn(3, 20, generator=generator)
        for slot, (parameter, optimizer) in enumerate(zip(references, theirs, strict=True)):
            if step == starts[slot]:
                ours.reset(slot)
                values[slot] = parameter.detach()
                optimizer.state.clear()
            parameter.grad = grads[slot].clone()
            optimizer.step()
        ours.step(grads, torch.tensor(rates)[:, None])
    for row, parameter in zip(values, references, strict=True):
        torch.testing.assert_close(row, parameter.detach(), rtol=1e-5, atol=1e-6)


def test_where_inactive_nothing_is_updated_and_nothing_decays():
    values = torch.ones(2, 4)
    optimizer = StackedAdamW(values, weight_decay=0.5)
    optimizer.step(torch.ones(2, 4), torch.full((2, 1), 0.1))
    before = values.clone(), optimizer.mean.clone(), optimizer.square.clone()
    active = torch.tensor([[True, True, False, False], [False, False, False, False]])
    optimizer.step(torch.ones(2, 4), torch.full((2, 1), 0.1), active=active)
    for now, then in zip((values, optimizer.mean, optimizer.square), before, strict=True):
        assert torch.equal(now[~active], then[~active])
        assert (now[active] != then[active]).all()


def test_clipping_is_per_slot_and_as_torch_does_it():
    grads = torch.tensor([[3.0, 4.0], [0.03, 0.04]])
    parameter = torch.nn.Parameter(torch.zeros(2))
    parameter.grad = grads[0].clone()
    torch.nn.utils.clip_grad_norm_([parameter], 1.0)
    small = grads[1].clone()
    clip_per_slot(grads, 1.0)
    torch.testing.assert_close(grads[0], parameter.grad)
    assert torch.equal(grads[1], small)


@pytest.mark.parametrize(("warmup", "total"), [(0.0, 10), (0.1, 50), (0.06, 80)])
def test_the_schedule_rises_then_falls_linearly_to_zero(warmup, total):
    rising = round(warmup * total)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    reference = get_linear_schedule_with_warmup(optimizer, rising, total)
    factors = [linear_schedule(step, total, warmup=warmup) for step in range(total)]
    for step in range(total):
        if (
            step >= rising
        ):  # theirs wastes its first step on a learning rate of 0; ours rises one step earlier
            assert factors[step] == pytest.approx(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()
    assert all(0 < factor <= 1 for factor in factors)
    assert max(factors) == 1


def test_an_entry_that_rests_counts_its_own_steps_as_a_parameter_without_gradient_does():
    generator = torch.Generator().manual_seed(1)
    values, rate = torch.randn(2, 6, generator=generator), 1e-2
    theirs = [torch.nn.Parameter(entry.clone()) for entry in values.flatten()]
    optimizer = torch.optim.AdamW(theirs, lr=rate, weight_decay=0.05)
    ours = StackedAdamW(values, weight_decay=0.05)
    for step in range(30):
        grads = torch.randn(2, 6, generator=generator)
        active = torch.rand(2, 6, generator=generator) < 0.4
        if step % 10 == 9:
            active = None
        for i, parameter in enumerate(theirs):
            on = active is None or bool(active.flatten()[i])
            parameter.grad = grads.flatten()[i].clone() if on else None
        optimizer.step()
        ours.step(grads.clone(), torch.full((2, 1), rate), active=active)
    reference = torch.stack([parameter.detach() for parameter in theirs]).view(2, 6)
    torch.testing.assert_close(values, reference, rtol=1e-4, atol=1e-6)


def test_a_forgotten_entry_steps_as_a_new_one():
    generator = torch.Generator().manual_seed(2)
    old, grads = StackedAdamW(torch.ones(1, 3), weight_decay=0.0), torch.randn(1, 3, generator=generator)
    for _ in range(5):
        old.step(torch.randn(1, 3, generator=generator), torch.tensor([[0.1]]))
    old.forget(torch.tensor([[True, False, True]]))
    before = old.values.clone()
    old.step(grads.clone(), torch.tensor([[0.1]]))
    new = StackedAdamW(before.clone(), weight_decay=0.0)
    new.step(grads.clone(), torch.tensor([[0.1]]))
    same = (old.values == new.values).flatten()
    torch.testing.assert_close(old.values[0, [0, 2]], new.values[0, [0, 2]])
    assert not same[1]
