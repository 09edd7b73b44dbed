"""Trained wires under many gate settings at once: y += factor * B diag(g) A x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.hooks import Attachment, Renorm, Visit, attach
from spaces.low_rank import add_by_setting
from spaces.site import Site

__all__ = ["TrainedWire", "WireGradient", "all_on", "attach_settings", "gated", "settings_at_once"]

_TOKENS_ON_CPU: Final = 4096  # of one forward pass
_TOKENS_ELSEWHERE: Final = 65536


class WireGradient(NamedTuple):
    """Of a loss by one wire: dL/dA (r, d_in) and dL/dB (d_out, r), float32."""

    of_a: Tensor
    of_b: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class TrainedWire:
    """The update factor * B A of one site. a: (r, d_in), b: (d_out, r), float32, without gradient."""

    a: Tensor
    b: Tensor
    factor: float

    def gradient(self, g: Tensor) -> WireGradient:
        """dL/dA = factor * B^T G and dL/dB = factor * G A^T, from G = dL/d(factor * B A): (d_out, d_in)."""
        return WireGradient(self.factor * self.b.T @ g, self.factor * g @ self.a.T)

    def saliency(self, gradient: WireGradient) -> float:
        """Sum of |A * dL/dA| + |B * dL/dB| over all entries."""
        of_a, of_b = gradient
        return float((self.a * of_a).abs().sum() + (self.b * of_b).abs().sum())

    def first_order(self, gradient: WireGradient) -> float:
        """<dL/dA, A> = <G, factor * B A>: what the update adds to the loss at first order."""
        return float((self.a * gradient.of_a).sum())

    def cut(self, rank: int, factor: float) -> TrainedWire:
        """The first ``rank`` rows of A and columns of B, with another factor."""
        return TrainedWire(self.a[:rank], self.b[:, :rank], factor)

    def absolute(self) -> TrainedWire:
        """|A| and |B|, with the same factor."""
        return TrainedWire(self.a.abs(), self.b.abs(), self.factor)


def gated(wires: Mapping[str, TrainedWire], gates: Mapping[str, Tensor]) -> Visit:
    """What ``spaces.hooks.attach`` needs in order to add every site's wire under each gate setting.

    wires and gates: by site name; a gate is (settings, r), or (settings, 1) where all ranks share it. The
    rows of a batch are settings-major: row i of n is of the setting i // (n / settings).
    """

    def add(sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        for site, source in zip(sites, sources, strict=True):
            wire, gate = wires[site.name], gates[site.name]
            add_by_setting(target, source, site, a=wire.a, b=wire.b, gate=wire.factor * gate)
        return target

    return add


def attach_settings(
    model: PreTrainedModel,
    sites: Sequence[Site],
    wires: Mapping[str, TrainedWire],
    gates: Mapping[str, Tensor],
    *,
    renorm: Renorm,
) -> Attachment:
    """Adds the wires of these sites to every forward pass under each gate setting, until detached.

    A site whose gates are all zero is left out and costs nothing; a cross wire's second layer norm is applied
    in the rows of the settings that have it on.

    Args:
        model: whose batches have settings-major rows.
        sites: of which some may be off in every setting.
        wires, gates: of each of them, as ``gated`` takes them.
        renorm: as ``spaces.hooks.attach`` has it.
    """

    def rows_on(group: Sequence[Site], rows: int) -> Tensor | None:
        on = torch.stack([gates[site.name].any(1) for site in group]).any(0)
        return None if bool(on.all()) else on.repeat_interleave(rows // len(on))

    some_on = [site for site in sites if gates[site.name].any()]
    return attach(model, some_on, gated(wires, gates), renorm=renorm, rows_on=rows_on)


def all_on(sites: Sequence[Site], device: torch.device) -> dict[str, Tensor]:
    """The one setting in which every site's gate is 1."""
    return {site.name: torch.ones(1, 1, device=device) for site in sites}


def settings_at_once(tokens: int, device: torch.device) -> int:
    """How many gate settings to compute in one forward pass, of a batch of so many tokens; at least 1."""
    return max(1, (_TOKENS_ON_CPU if device.type == "cpu" else _TOKENS_ELSEWHERE) // tokens)
