"""Where a low-rank wire may sit: it reads one tensor of the network and adds to another."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "Site", "Tap"]

Kind = Literal["lora", "residual", "cross"]


@dataclass(frozen=True, slots=True)
class Tap:
    """One tensor of the network: what goes into, or comes out of, a module.

    module: the module's full dotted name in the model.
    part: (start, stop) of the last dimension, for one of several projections fused into one linear.
    first_call: the module runs several times in one forward pass and only the first is meant, the
    one that sees the tokens (DeBERTa projects its relative positions through the same linears).
    """

    module: str
    side: Literal["in", "out"]
    part: tuple[int, int] | None = None
    first_call: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A place for one wire, y_target += scale * B diag(g) A x_source (DESIGN, section 1).

    name: ``layers.3.q``; the span k of a cross wire follows its role when k > 1: ``layers.7.in2``.
    d_in, d_out: last dimensions of the source and of the target.
    norm: full name of the layer norm which ``renorm="paper"`` applies again after this wire is
    added; None for every wire but the cross wires of post-layer-norm blocks.
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

    @property
    def cost_per_rank(self) -> int:
        """Trainable parameters of one unit of rank: a row of A and a column of B."""
        return self.d_in + self.d_out

    @property
    def max_rank(self) -> int:
        """The rank at which BA can already be any matrix of this shape."""
        return min(self.d_in, self.d_out)
