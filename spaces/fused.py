"""How several projections lie in the output of one linear, as model families fuse them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transformers import PretrainedConfig

from .site import Part

__all__ = ["Fused", "Fusing", "by_group", "by_head", "halves", "one_by_one", "thirds"]


@dataclass(frozen=True, slots=True)
class Fused:
    """Projections side by side. shares: their widths, in proportion; repeats: how often they take turns.

    >>> Fused((1, 1, 1)).part(1, width=12)  # k of GPT-2
    Part(start=4, stop=8, every=None)
    >>> Fused((1, 1, 1), repeats=2).part(1, width=12)  # k of BLOOM with two heads
    Part(start=2, stop=4, every=6)
    """

    shares: tuple[int, ...]
    repeats: int = 1

    def part(self, index: int, *, width: int) -> Part:
        """The part of one of the projections; width: of the linear's output."""
        every = width // self.repeats
        unit = every // sum(self.shares)
        start, stop = (unit * sum(self.shares[:end]) for end in (index, index + 1))
        return Part(start, stop, every if self.repeats > 1 else None)


Fusing = Callable[[PretrainedConfig], Fused]
"""How a model fuses, from its configuration."""


def thirds(_: PretrainedConfig) -> Fused:
    """q, k and v of one width, one after the other (GPT-2, ModernBERT)."""
    return Fused((1, 1, 1))


def halves(_: PretrainedConfig) -> Fused:
    """The half that goes through the activation, then the one that it gates (Phi-3, ModernBERT)."""
    return Fused((1, 1))


def one_by_one(config: PretrainedConfig) -> Fused:
    """q, then k and v, which may be narrower, of fewer heads (Phi-3)."""
    key_value_heads = config.num_key_value_heads or config.num_attention_heads
    return Fused((config.num_attention_heads, key_value_heads, key_value_heads))


def by_head(config: PretrainedConfig) -> Fused:
    """q, k and v of the first head, then those of the second, and so on (BLOOM, GPT-NeoX)."""
    return Fused((1, 1, 1), config.num_attention_heads)


def by_group(config: PretrainedConfig) -> Fused:
    """Falcon's: the queries of a group of heads with its one key and value, then the next group.

    Before its new decoder architecture all heads are one group, with ``multi_query``, or each is one.
    """
    heads = config.num_attention_heads
    if config.new_decoder_architecture:
        return Fused((heads // config.num_kv_heads, 1, 1), config.num_kv_heads)
    return Fused((heads, 1, 1)) if config.multi_query else Fused((1, 1, 1), heads)
