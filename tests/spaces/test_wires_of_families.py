"""The wires of every family against edits of its weights, placed as transformers' code splits them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from transformers.pytorch_utils import Conv1D

from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires
from tests.conftest import KINDS, TINY
from tests.spaces.random_wires import logits_of, wires_of

RANKS = {"q": 3, "k": 2, "v": 3, "o": 2, "fc1": 2, "fc2": 1, "gate": 2, "up": 3, "down": 1}


def rows_of(family: str, role: str, width: int) -> Tensor:
    """The rows of a fused weight that are those of a role, by the views and chunks of transformers' code."""
    rows = torch.arange(width)
    if role in ("gate", "up"):
        return rows.chunk(2)[["gate", "up"].index(role)]
    which = "qkv".index(role)
    if family == "phi3":  # two heads of width 16, one of keys and values
        return rows.split([32, 16, 16])[which]
    if family == "falcon":  # two groups of two heads of width 8
        groups = rows.view(2, 4, 8)
        return (groups[:, :-2], groups[:, -2], groups[:, -1])[which].flatten()
    if family == "falcon/multi-query":
        heads = rows.view(6, 8)
        return (heads[:-2], heads[-2], heads[-1])[which].flatten()
    if family in ("gpt2", "modernbert"):
        return rows.view(3, -1)[which]
    return rows.view(4 if family == "falcon/sequential" else 2, 3, -1)[:, which].flatten()


def edited(model, family: str, wires: Wires, matrices: dict[str, Tensor]) -> dict[str, Tensor]:
    """The model's weights with every wire of slot 0 folded in, made of these A and B."""
    weights: dict[str, Tensor] = {}
    for site in wires.sites:
        name = f"{site.target.module}.weight"
        weight = weights.get(name, model.get_parameter(name))
        gate = wires.gates[site.name][0]
        update = matrices[f"{site.name}.B"] @ (gate[:, None] * matrices[f"{site.name}.A"])
        conv = isinstance(model.get_submodule(site.target.module), Conv1D)
        width = weight.shape[1] if conv else weight.shape[0]
        fused = site.d_out != width
        rows = rows_of(family, site.role, width) if fused else torch.arange(width)
        weights[name] = weight.index_add(1 if conv else 0, rows, update.T if conv else update)
    return weights


def roles_that_are_edits(family: str) -> str:
    return "lora[v,o,fc1,fc2]" if family == "deberta-v2" else "lora[all]"  # its q and k project positions too


@pytest.mark.parametrize("family", TINY)
def test_lora_wires_are_edits_of_the_weights_in_logits_and_gradients(tiny_family, tiny_batch, family):
    model = tiny_family(family)
    wires = wires_of(model, roles_that_are_edits(family), RANKS)
    loss = lambda logits: (logits * torch.linspace(-1, 1, logits.numel()).view_as(logits)).sum()  # noqa: E731
    leaf = wires.stacked.leaf
    with wires.attach(model):
        actual = logits_of(model, tiny_batch)
        found = torch.autograd.grad(loss(actual), tuple(leaf.values()))
    matrices = {name: one[0].detach().clone().requires_grad_() for name, one in leaf.items()}
    weights = edited(model, family, wires, matrices)
    expected = functional_call(model, weights, args=(), kwargs=tiny_batch).logits
    wanted = torch.autograd.grad(loss(expected), tuple(matrices.values()))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)
    for name, one, other in zip(leaf, found, wanted, strict=True):
        scale = float(other.abs().max())
        assert scale > 0, name
        torch.testing.assert_close(
            one[0], other, rtol=1e-3, atol=1e-4 * scale, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize("family", TINY)
def test_a_lone_token_attends_to_itself_whatever_its_query_and_key(tiny_family, family):
    """So q and k change nothing there, and v does: no need to know how a family splits them."""
    model = tiny_family(family)
    token = {"input_ids": torch.tensor([[7]]), "attention_mask": torch.tensor([[1]])}
    before = logits_of(model, token)
    for role in "qkv":
        wires = wires_of(model, f"lora[{role}]", {role: 3})
        with wires.attach(model):
            change = (logits_of(model, token) - before).abs().max().detach()
        assert change > 1e-4 if role == "v" else change < 1e-5


@pytest.mark.parametrize("family", KINDS)
def test_three_candidates_are_three_runs(tiny_family, tiny_batch, family):
    model = tiny_family(family)
    sites = find_sites(model, "lora[all]+shortcut")
    plans = [
        Allocation.of({site.name: (place + slot) % 3 for place, site in enumerate(sites)})
        for slot in range(3)
    ]
    together = drawn(sites, plans)
    rows = {name: tensor.repeat(3, 1) for name, tensor in tiny_batch.items()}
    with together.attach(model):
        logits = logits_of(model, rows).unflatten(0, (3, -1))
        gradients = together.stacked.gradient(logits.square().sum())
    for slot, plan in enumerate(plans):
        alone = drawn(sites, [plan])
        alone.stacked.values.copy_(together.stacked.values[slot])
        with alone.attach(model):
            own = logits_of(model, tiny_batch)
            gradient = alone.stacked.gradient(own.square().sum())
        torch.testing.assert_close(logits[slot], own, rtol=1e-4, atol=1e-4)
        scale = float(gradient.abs().max())
        torch.testing.assert_close(gradients[slot], gradient[0], rtol=1e-3, atol=1e-4 * scale)


def drawn(sites: tuple[Site, ...], plans: list[Allocation]) -> Wires:
    """Wires with room for rank 2 at every site, all of their numbers random."""
    ranks = {site.name: 2 for site in sites}
    wires = Wires(sites, ranks, Stacked(Wires.shapes(sites, ranks), len(plans), device="cpu"))
    for slot, plan in enumerate(plans):
        wires.load(slot, plan, Scaling(), seed=slot)
    noise = torch.randn(wires.stacked.values.shape, generator=torch.Generator().manual_seed(0))
    wires.stacked.values.copy_(0.05 * noise)
    return wires
