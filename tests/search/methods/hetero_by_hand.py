"""HeteroLoRA trained step by step, and a slow one in plain PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from evaluators.data.rows import padded_inputs
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from evaluators.training.data_order import epoch_batches
from evaluators.training.gate_policy import GateHooks, Step
from evaluators.training.train_step import train_step

RECIPE = Recipe(epochs=2, batch_size=8, warmup=0.1, weight_decay=0.1)  # 60 rows: 8 steps an epoch, 16 in all
FIVE_AN_EPOCH = [0, 2, 4, 5, 7, 8, 10, 12, 13, 15]  # k * 8 / 5, rounded up


def budget(planted, rank: int = 2) -> int:
    """Of the uniform allocation at this rank."""
    return rank * planted.space.params_per_rank


@dataclass(frozen=True, eq=False)
class Course:
    """A cohort that is being trained by hand."""

    cohort: Cohort
    hooks: GateHooks

    def history(self, slot: int = 0) -> dict[int, set[str]]:
        """Which sites were on from each search's step on."""
        return {step: {name for name, _ in allocation.ranks} for step, allocation in self.hooks.history(slot)}


def by_hand(planted, policy, *, seeds=(0,), rate=1e-2, recipe=RECIPE) -> Iterator[tuple[Course, np.ndarray]]:
    """Trains a cohort step by step; gives it before the first and after each, with where it has trained."""
    candidates = [Candidate(policy.start(planted.space), seed, rate) for seed in seeds]
    sites, rows = planted.space.sites, planted.task.train
    cohort = Cohort(planted.model, sites, planted.task.objective, candidates, recipe, slots=len(seeds))
    hooks = policy.hooks(cohort, planted.task)
    for slot, candidate in enumerate(candidates):
        cohort.load(slot, candidate)
        hooks.start(slot, candidate)
    total, lengths = recipe.steps(len(rows)), np.array([len(ids) for ids in rows.input_ids])
    batches = [
        [batch for epoch in range(9) for batch in epoch_batches(lengths, 8, seed=seed, epoch=epoch)]
        for seed in seeds
    ]
    with cohort.wires.attach(planted.model, renorm=recipe.renorm), cohort.head.attach():
        yield Course(cohort, hooks), np.zeros(0)
        for number in range(total):
            rising = round(recipe.warmup * total)
            factor = (number + 1) / rising if number < rising else (total - number) / (total - rising)
            steps = [Step(slot, number, total, rate * factor) for slot in range(len(seeds))]
            _, active = train_step(cohort, steps, rows, [own[number] for own in batches], hooks)
            yield Course(cohort, hooks), active.numpy()


class SlowModel:
    """The planted model with a candidate's wires added by hooks, one module at a time, each on or off.

    tensors: trained, by name, as the candidate begins. on: by site.
    """

    def __init__(self, planted, candidate, recipe):
        sites, objective = planted.space.sites, planted.task.objective
        initial = Cohort(planted.model, sites, objective, [candidate], recipe, slots=1)
        initial.load(0, candidate)
        self.model, self.rows = copy.deepcopy(planted.model), planted.task.train
        self.tensors = {name: leaf.detach()[0].clone() for name, leaf in initial.stacked.leaf.items()}
        for tensor in self.tensors.values():
            tensor.requires_grad_()
        self.on = {site.name: True for site in sites}
        for site in sites:
            scale = 16 / candidate.allocation.rank(site.name)
            hook = partial(self._add, name=site.name, scale=scale)
            self.model.get_submodule(site.target.module).register_forward_hook(hook)

    def _add(self, _, args, output, *, name, scale):
        a, b = self.tensors[f"{name}.A"], self.tensors[f"{name}.B"]
        return output + scale * args[0] @ a.T @ b.T if self.on[name] else output

    def loss_of(self, index):
        arrays = padded_inputs(self.rows, index, pad_token_id=1)
        inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
        head = {f"classifier.{name}": self.tensors[f"head.classifier.{name}"] for name in ("weight", "bias")}
        logits = torch.func.functional_call(self.model, head, (), inputs).logits
        return torch.nn.functional.cross_entropy(logits, torch.from_numpy(self.rows.labels[index]))

    def clear(self):
        for tensor in self.tensors.values():
            tensor.grad = None

    def choose(self, policy, space, start):
        """Turns on what a search chooses by the gradients' norms with all on, and gives that."""
        self.on.update(dict.fromkeys(self.on, True))
        self.clear()
        for first in range(0, min(60, 8 * policy.batches), 8):
            self.loss_of(np.arange(first, min(first + 8, 60))).backward()
        norms = {name: float(tensor.grad.norm()) for name, tensor in self.tensors.items()}
        spent, chosen = 0, set()
        for site in sorted(space.sites, key=lambda site: -norms[f"{site.name}.A"] - norms[f"{site.name}.B"]):
            cost = site.cost_per_rank * start.rank(site.name)
            if spent + cost <= policy.max_params:
                spent, chosen = spent + cost, chosen | {site.name}
        self.on.update({name: name in chosen for name in self.on})
        return chosen


def slowly(planted, policy, seed, *, rate=1e-2, recipe=RECIPE):
    """HeteroLoRA in plain PyTorch, one module at a time; the tensors by name, and what was on from when."""
    start = policy.start(planted.space)
    slow = SlowModel(planted, Candidate(start, seed, rate), recipe)
    lengths = np.array([len(ids) for ids in planted.task.train.input_ids])
    moments = {name: (torch.zeros_like(t), torch.zeros_like(t)) for name, t in slow.tensors.items()}
    taken = dict.fromkeys(slow.tensors, 0)
    order = [index for epoch in range(2) for index in epoch_batches(lengths, 8, seed=seed, epoch=epoch)]
    choices = {}
    for number, index in enumerate(order):
        if number in FIVE_AN_EPOCH:
            choices[number] = slow.choose(policy, planted.space, start)
        slow.clear()
        slow.loss_of(index).backward()
        learning = {n: t for n, t in slow.tensors.items() if n.startswith("head.") or slow.on[n[:-2]]}
        torch.nn.utils.clip_grad_norm_(learning.values(), 1.0)
        eta = rate * ((number + 1) / 2 if number < 2 else (16 - number) / 14)
        for name, tensor in learning.items():
            mean, square = moments[name]
            mean.mul_(0.9).add_(0.1 * tensor.grad)
            square.mul_(0.999).add_(0.001 * tensor.grad**2)
            t = taken[name] = taken[name] + 1
            step = mean / (1 - 0.9**t) / ((square / (1 - 0.999**t)).sqrt() + 1e-8)
            with torch.no_grad():
                tensor.mul_(1 - eta * recipe.weight_decay).sub_(eta * step)
    return {name: tensor.detach() for name, tensor in slow.tensors.items()}, moments, choices
