"""The super-network: all sites of a space trained together for a few steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from transformers import PreTrainedModel

from spaces.allocation import Allocation
from spaces.double_precision import in_double
from spaces.errors import InputError
from spaces.head import Head
from spaces.hooks import Renorm, Visit
from spaces.objective import Batch, Losses, Objective
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires

from .batch_pass import batch_pass
from .components import Components, GateGradients, singular
from .each_row import each_row
from .gated_wires import TrainedWire, WireGradient, all_on, attach_settings, gated, settings_at_once
from .meter import Meter, measured
from .synflow_gradients import of_synflow_gradients
from .warm_up import WarmUp
from .weight_importance import WeightImportance
from .wire_gradients import WireGradients

__all__ = ["SuperNetwork"]

_MAX_GRAD_NORM: Final = 1.0


class SuperNetwork:
    """Wires at every site and a head of their own, trained when built; the model itself never changes.

    Trained by AdamW without decay on the batches that ``warm_up`` does not hold; whatever is measured
    afterwards is measured on ``held``. Sites are in the space's order; nothing is random but the start,
    which is that of a candidate with this seed, and what ``sample`` draws.

    wires: by site name. head: as ``Head.restore`` takes it. smoothed, summed: AdaLoRA's s = I_bar * U_bar
    after the training, and the sum over its steps of I = |w dL/dw|, of every weight, by name
    (``layers.3.q.A``). curve: the loss of each step's batch before the step.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        objective: Objective,
        batches: Sequence[Batch],
        space: SearchSpace,
        warm_up: WarmUp,
        *,
        seed: int,
        scaling: Scaling,
        renorm: Renorm,
        sample: np.random.Generator | None = None,
        on_batch: Callable[[], None] = lambda: None,
        meter: Meter | None = None,
    ) -> None:
        """Trains it.

        Args:
            model: frozen and in eval mode; it is left as it was.
            objective: what is learned.
            batches: of which ``warm_up`` holds some.
            space: its sites, and the grid of ranks.
            warm_up: how it is trained.
            seed: of A and of the head.
            scaling, renorm: of the wires.
            sample: draws the sites' ranks at each step, uniformly from the grid, of wires at its largest; by
                default every site stays on at the warm-up's rank.
            on_batch: called after each step, and after each batch or chunk of what is measured later.
            meter: of whoever asks for what is measured; by default its own.

        Raises InputError where the loss stops being finite.
        """
        self.meter = meter or Meter()
        largest = space.ranks[-1]
        self.sites, self.rank = space.sites, min(warm_up.rank, largest) if sample is None else largest
        self._model, self._objective = model, objective
        self._renorm, self._on_batch = renorm, on_batch
        training, self.held = warm_up.split(batches)
        ranks = {site.name: min(self.rank, site.max_rank) for site in self.sites}
        modules = objective.head(model)
        shapes = {**Wires.shapes(self.sites, ranks), **Head.shapes(modules)}
        self._stacked = Stacked(shapes, 1, device=model.device)
        self._head = Head.of(model, modules, self._stacked)
        self._head.load(0, seed=seed)
        wires = Wires(self.sites, ranks, self._stacked)
        wires.load(0, Allocation.of(ranks), scaling, seed=seed)

        def before_step() -> None:
            if sample is not None:
                _set_ranks(wires, sample.choice(np.array(space.ranks), len(self.sites)), scaling, ranks)

        self._importance = WeightImportance(self._stacked)
        self._summed = torch.zeros_like(self._stacked.values)
        with wires.attach(model, renorm=renorm), self._head.attach():
            self.curve = self._train(training, warm_up, before_step)
        for leaf in self._stacked.leaf.values():
            leaf.requires_grad_(False)
        self.wires = {site.name: self._wire(site, scaling) for site in self.sites}
        self.head = self._head.trained(0)
        self.smoothed = self._importance.smoothed(0)
        self.summed = self._stacked.named(self._summed[0])

    @measured
    def components(self) -> Components:
        """Of every site's update, with each held row's gradient by their gates, all of them on."""
        wires = {name: singular(wire) for name, wire in self.wires.items()}
        gates = GateGradients(wires)
        with self._head.attach():
            each_row(
                self._model,
                self._objective,
                self.sites,
                self.held,
                gates.see,
                renorm=self._renorm,
                wires=gated(wires, all_on(self.sites, self._model.device)),
                on_batch=self._on_batch,
            )
        return Components.of_sites(self.sites, wires, gates)

    @measured
    def gradients(self) -> dict[str, WireGradient]:
        """By every site's wire, all of them on: by site name, summed over the held batches."""
        return self._by_wires(gated(self.wires, all_on(self.sites, self._model.device)))

    @measured
    def gradients_without_wires(self) -> dict[str, WireGradient]:
        """The same around the trained head and no wire: what G there is through each of them."""
        return self._by_wires(None)

    @measured
    def synflow_gradients(self) -> dict[str, WireGradient]:
        """Of SynFlow's objective with |A|, |B| and the head's absolute weights in place, by |A| and |B|."""
        modules = self._objective.head(self._model)
        head = Head(modules, Stacked(Head.shapes(modules), 1, device=self._model.device))
        head.restore(0, {name: tensor.abs() for name, tensor in self.head.items()})
        wires = {name: wire.absolute() for name, wire in self.wires.items()}
        add = gated(wires, all_on(self.sites, self._model.device))
        with head.attach():
            return of_synflow_gradients(
                lambda site, g: wires[site.name].gradient(g),
                self._model,
                self._objective,
                self.sites,
                renorm=self._renorm,
                wires=add,
            )

    @measured
    def loss_of_nothing_and_of_each_alone(self) -> tuple[float, np.ndarray]:
        """Held loss with no site on, and with one site on alone: (sites,)."""
        losses = self.losses(np.vstack([np.zeros(len(self.sites)), np.eye(len(self.sites))]))
        return float(losses[0]), losses[1:]

    @measured
    def loss_of_all_and_without_each(self) -> tuple[float, np.ndarray]:
        """Held loss with every site on, and with all but one on: (sites,)."""
        losses = self.losses(np.vstack([np.ones(len(self.sites)), 1 - np.eye(len(self.sites))]))
        return float(losses[0]), losses[1:]

    def losses(
        self,
        gates: np.ndarray,
        batches: Sequence[Batch] | None = None,
        *,
        wires: Mapping[str, TrainedWire] | None = None,
    ) -> np.ndarray:
        """Mean loss over all targets of gate settings of the same weights: (settings, sites) -> (settings,).

        As many settings share a forward pass as ``settings_at_once`` says; one, where the objective does not
        tell rows apart.

        Args:
            gates: 0 is a site that is off, 1 one that is on; any factor between or beyond scales its wire.
            batches: the held ones unless given.
            wires: by site name, the trained ones unless given.

        Raises ValueError on gates of another shape.
        """
        if gates.ndim != 2 or gates.shape[1] != len(self.sites):
            raise ValueError(f"gates {gates.shape} must be (settings, {len(self.sites)}), a gate per site.")
        batches = self.held if batches is None else batches
        wires = self.wires if wires is None else wires
        sums, counts = np.zeros(len(gates)), np.zeros(len(gates))
        for batch in batches:
            tokens = max(tensor.numel() for tensor in batch.inputs.values())
            width = settings_at_once(tokens, self._model.device) if self._objective.rows_apart else 1
            for start in range(0, len(gates), width):
                chunk = slice(start, start + width)
                losses = self._losses(gates[chunk], batch, wires)
                sums[chunk] += in_double(losses.sums).cpu().numpy()
                counts[chunk] += in_double(losses.counts).cpu().numpy()
                self._on_batch()
        return sums / counts

    @torch.no_grad()
    def _losses(self, gates: np.ndarray, batch: Batch, wires: Mapping[str, TrainedWire]) -> Losses:
        """Of all rows of the batch together, under each setting: (settings,) each."""
        settings, device = len(gates), self._model.device
        columns = torch.from_numpy(gates.T).to(device, torch.float32)[:, :, None]
        gate = {site.name: column for site, column in zip(self.sites, columns, strict=True)}
        on = attach_settings(self._model, self.sites, wires, gate, renorm=self._renorm)
        with on, self._head.attach():
            of_rows = self._objective.losses(self._model, batch.tiled(settings))
        return Losses(*(one.view(settings, -1).sum(1) for one in of_rows))

    def _train(
        self, batches: Sequence[Batch], warm_up: WarmUp, before_step: Callable[[], None]
    ) -> tuple[float, ...]:
        weights = self._stacked.values
        optimizer = torch.optim.AdamW([weights], lr=warm_up.learning_rate, weight_decay=0.0)
        curve = []
        for step in range(warm_up.steps):
            batch = batches[step % len(batches)]
            before_step()
            with torch.enable_grad():
                loss = self._objective.losses(self._model, batch).mean()
                gradient = self._stacked.gradient(loss)
            curve.append(loss.item())
            if not math.isfinite(curve[-1]):
                raise InputError(
                    f"the super-network's loss became {curve[-1]} at step {step + 1} of {warm_up.steps}; "
                    f"lower the warm-up's learning_rate={warm_up.learning_rate}."
                )
            self._summed += self._importance.see(gradient, [0])
            weights.grad = gradient
            torch.nn.utils.clip_grad_norm_([weights], _MAX_GRAD_NORM)
            optimizer.step()
            self._on_batch()
        weights.grad = None
        return tuple(curve)

    def _wire(self, site: Site, scaling: Scaling) -> TrainedWire:
        a, b = (self._stacked.slot(f"{site.name}.{factor}", 0) for factor in "AB")
        return TrainedWire(a, b, scaling.factor(site.kind, len(a)))

    def _by_wires(self, on: Visit | None) -> dict[str, WireGradient]:
        taker = WireGradients(self.wires, self.sites)
        with self._head.attach():
            batch_pass(
                self._model,
                self._objective,
                self.sites,
                self.held,
                [taker],
                renorm=self._renorm,
                wires=on,
                on_batch=self._on_batch,
            )
        return taker.of_site


def _set_ranks(wires: Wires, ranks: np.ndarray, scaling: Scaling, loaded: Mapping[str, int]) -> None:
    """Cuts the wires of the one slot to these ranks, (sites,), at their factors.

    loaded: by site; a rank above that means all of it.
    """
    for site, rank in zip(wires.sites, ranks.tolist(), strict=True):
        own, factor = loaded[site.name], scaling.factor
        on = (torch.arange(own, device=wires.gates[site.name].device) < rank).float()
        wires.set_gate(0, site.name, on * factor(site.kind, min(rank, own)) / factor(site.kind, own))
