"""Where a low-rank wire may sit: it reads one tensor of the network and adds to another."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Part", "Site", "Tap"]

Kind = Literal["lora", "residual", "cross"]


@dataclass(frozen=True, slots=True)
class Part:
    """Which features of a fused linear's output are those of one of its projections.

    start, stop: the features i with start <= i < stop. every: where the projections take turns, head by head
    (BLOOM) or group by group (Falcon), after how many features they come again: start <= i mod every < stop.
    """

    start: int
    stop: int
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Tap:
    """One tensor of the network: what goes into, or comes out of, a module.

    module: the module's full dotted name in the model.
    part: of the last dimension, for one of several projections fused into one linear (``spaces.own_part``).
    first_call: the module runs several times in one forward pass and only the first is meant, the
    one that sees the tokens (DeBERTa projects its relative positions through the same linears).
    """

    module: str
    side: Literal["in", "out"]
    part: Part | None = None
    first_call: bool = False

    @property
    def interleaved(self) -> bool:
        """Whether its part lies in several pieces, so that no view can be it."""
        return self.part is not None and self.part.every is not None


@dataclass(frozen=True, slots=True)
class Site:
    """A place for one wire, y_target += scale * B diag(g) A x_source (DESIGN, section 1).

    name: ``layers.3.q``; the span k of a cross wire follows its role when k > 1: ``layers.7.in2``.
    d_in, d_out: last dimensions of the source and of the target.
    norm: full name of the layer norm which ``renorm="paper"`` applies again after this wire is
    added; None for every wire but the cross wires of post-layer-norm blocks.
    gain: what the network multiplies the target by before the sum that is meant (Granite's
    ``residual_multiplier``); what the wire reads is divided by it, so that the sum gets the wire as it is.
    """

    name: str
    layer: int
    role: str
    kind: Kind
    d_in: int
    d_out: int
    source: Tap
    target: Tap
    norm: str | None = None
    gain: float = 1.0

    @property
    def name_in_block(self) -> str:
        """Its role, with the span or the count that follows it: ``q``, ``in2``, ``dense.3``."""
        return self.name.removeprefix(f"layers.{self.layer}.")

    @property
    def cost_per_rank(self) -> int:
        """Trainable parameters of one unit of rank: a row of A and a column of B."""
        return self.d_in + self.d_out

    @property
    def max_rank(self) -> int:
        """The rank at which BA can already be any matrix of this shape."""
        return min(self.d_in, self.d_out)
