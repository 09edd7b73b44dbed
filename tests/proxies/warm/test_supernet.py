"""SUPERNET against real wires of each rank alone, and its training against one that knows no gates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proxies.measure.evidence import Evidence
from proxies.measure.warm_up import WarmUp
from proxies.registry import PROXIES, score_sites
from spaces.allocation import Allocation
from spaces.head import Head
from spaces.search_space import SearchSpace
from spaces.seeding import named_generator
from spaces.stacked import Stacked
from spaces.wires import Wires, initial_a
from tests.objectives import TWO_CLASSES


def cut_by_hand(evidence, allocation, tensors):
    """Real wires of an allocation, and a head, that hold the first ranks of what a super-network trained."""
    ranks = dict(allocation.ranks)
    shapes = {**Wires.shapes(evidence.space.sites, ranks), **Head.shapes(TWO_CLASSES.head(evidence.model))}
    stacked = Stacked(shapes, 1, device="cpu")
    wires, head = Wires(evidence.space.sites, ranks, stacked), Head(TWO_CLASSES.head(evidence.model), stacked)
    wires.load(0, allocation, evidence.scaling, seed=9)
    for name, rank in ranks.items():
        stacked.slot(f"{name}.A", 0).copy_(tensors[f"{name}.A"][:rank])
        stacked.slot(f"{name}.B", 0).copy_(tensors[f"{name}.B"][:, :rank])
    head.restore(0, tensors)
    return stacked, wires, head


def trained_tensors(network) -> dict[str, torch.Tensor]:
    wires = {f"{name}.{key}": getattr(w, key.lower()) for name, w in network.wires.items() for key in "AB"}
    return {**wires, **network.head}


def loss_of(evidence, allocation, tensors, batches) -> torch.Tensor:
    """The mean loss over all rows of these batches."""
    _, wires, head = cut_by_hand(evidence, allocation, tensors)
    with torch.no_grad(), wires.attach(evidence.model, renorm=evidence.renorm), head.attach():
        logits = torch.cat([evidence.model(**batch.inputs).logits for batch in batches])
    return torch.nn.functional.cross_entropy(logits, torch.cat([batch.labels for batch in batches]))


@pytest.mark.parametrize("renorm", ["preserve", "paper"])
def test_a_score_is_the_fall_of_the_loss_with_the_site_alone_at_that_rank(warm, renorm):
    evidence = warm(renorm=renorm)
    (scores,) = score_sites([PROXIES["supernet"]], evidence)
    network = evidence.sampled_network
    tensors, space = trained_tensors(network), evidence.space
    nothing = loss_of(evidence, Allocation.of({}), tensors, network.held)
    assert (scores.by_rank[:, 0] == 0).all()
    for column, rank in enumerate(space.ranks[1:], start=1):
        alone = [
            loss_of(evidence, Allocation.of({site.name: rank}), tensors, network.held) for site in space.sites
        ]
        np.testing.assert_allclose(scores.by_rank[:, column], nothing - torch.stack(alone), atol=1e-5)
    np.testing.assert_array_equal(scores.by_site, scores.by_rank[:, -1])
    per_rank = scores.by_rank[:, 1:] / np.array(space.ranks[1:])
    assert (np.ptp(per_rank, axis=1) > 1e-3).any()  # not one worth for each unit of rank
    assert (scores.by_rank < 0).any()  # the sign is kept


def test_training_is_that_of_wires_built_anew_for_every_draw(warm, batches):
    """Each step: real wires of the ranks drawn, their gradient put where the whole tensors have it, AdamW."""
    evidence = warm()
    space, model, batch = evidence.space, evidence.model, batches[0]  # the others are held
    rank = space.ranks[-1]
    stacked = Stacked({**Wires.shapes(space.sites, {s.name: rank for s in space.sites})}, 1, device="cpu")
    tensors = {name: leaf.detach()[0] for name, leaf in stacked.leaf.items()}
    for site in space.sites:
        tensors[f"{site.name}.A"].copy_(torch.from_numpy(initial_a(site, rank, seed=0)))
    modules = TWO_CLASSES.head(model)
    head = Head.of(model, modules, Stacked(Head.shapes(modules), 1, device="cpu"))
    head.load(0, seed=0)
    tensors = {name: t.clone() for name, t in {**tensors, **head.trained(0)}.items()}
    optimizer = torch.optim.AdamW(tensors.values(), lr=2e-2, weight_decay=0.0)
    rng, curve = named_generator(0, "supernet"), []
    for _ in range(5):
        drawn = space.allocation(rng.choice(np.array(space.ranks), len(space.sites)))
        part, wires, head = cut_by_hand(evidence, drawn, tensors)
        with wires.attach(model), head.attach():
            loss = torch.nn.functional.cross_entropy(model(**batch.inputs).logits, batch.labels)
            gradients = dict(
                zip(part.leaf, torch.autograd.grad(loss, tuple(part.leaf.values())), strict=True)
            )
        for name, tensor in tensors.items():
            tensor.grad = torch.zeros_like(tensor)
            if name in gradients:
                own = gradients[name][0]
                tensor.grad[tuple(slice(size) for size in own.shape)] = own
        torch.nn.utils.clip_grad_norm_(tensors.values(), 1.0)
        optimizer.step()
        curve.append(loss.item())
    network = evidence.sampled_network
    np.testing.assert_allclose(network.curve, curve, atol=1e-4)
    for name, tensor in trained_tensors(network).items():
        torch.testing.assert_close(tensor, tensors[name], rtol=0, atol=1e-3)


def test_the_seed_decides_the_draws(warm, batches):
    one, warm_up = warm(), WarmUp(steps=5, learning_rate=2e-2, held_batches=2)
    evidences = [
        Evidence(one.model, TWO_CLASSES, batches, one.space, seed=s, warm_up=warm_up) for s in (0, 0, 1)
    ]
    scores = [score_sites([PROXIES["supernet"]], evidence)[0].by_rank for evidence in evidences]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert np.abs(scores[0] - scores[2]).max() > 1e-3


def test_the_plain_super_network_is_another_and_knows_nothing_of_it(warm):
    before = warm().super_network
    evidence = warm()
    score_sites([PROXIES["supernet"]], evidence)
    after = evidence.super_network
    assert after is not evidence.sampled_network
    assert after.curve == before.curve
    assert (after.rank, evidence.sampled_network.rank) == (3, 8)
    assert all(torch.equal(wire.b, after.wires[name].b) for name, wire in before.wires.items())


def test_it_shares_no_measurement_with_what_was_asked_for_before(evidence, batches):
    """A warm-up of its own, once: its steps, then a pass for nothing and one for each rank of the grid."""
    passes, warm_up = [], WarmUp(steps=3)
    counted = Evidence(
        evidence.model,
        TWO_CLASSES,
        batches,
        evidence.space,
        seed=0,
        warm_up=warm_up,
        on_batch=lambda: passes.append(1),
    )
    score_sites([PROXIES["supernet"]], counted)
    assert len(passes) == 3 + 1 + len(evidence.space.ranks[1:])
    score_sites([PROXIES["supernet"]], counted)
    assert len(passes) == 3 + 2 * (1 + len(evidence.space.ranks[1:]))


def test_a_grid_of_one_rank_is_sampled_on_and_off(evidence, batches):
    space = SearchSpace(evidence.space.sites, (0, 4))
    (scores,) = score_sites(
        [PROXIES["supernet"]],
        Evidence(evidence.model, TWO_CLASSES, batches, space, seed=0, warm_up=WarmUp(steps=4)),
    )
    assert scores.by_rank.shape == (len(space.sites), 2)
    assert np.ptp(scores.by_site) > 0
