"""Every scale in the weights."""

from __future__ import annotations

from collections.abc import Mapping

from peft import LoraConfig

from evaluators.adapters.formats.chosen import chosen
from evaluators.adapters.lora_config import anchored

from .peft_adapter import PeftAdapter, Wired

__all__ = ["baked", "with_patterns"]


def baked(adapter: PeftAdapter) -> PeftAdapter:
    """The same deltas with every factor in its B: alpha is the rank at every linear, so that both readers of
    ``alpha_pattern`` and those of ``lora_alpha / r`` alone multiply by one. Ranks stay as they are."""
    wired = {
        name: Wired(one.a, (one.b.double() * one.factor).to(one.b.dtype), 1.0)
        for name, one in adapter.wired.items()
    }
    ranks = {name: len(one.a) for name, one in wired.items()}
    config = with_patterns(adapter.config, ranks)
    return PeftAdapter(config, wired, adapter.head, adapter.linears)


def with_patterns(config: LoraConfig, ranks: Mapping[str, int]) -> LoraConfig:
    """The config with these ranks by linear, and as many for alphas."""
    pattern = {anchored(name): rank for name, rank in ranks.items()}
    r = max(ranks.values())
    own = {"r": r, "lora_alpha": r, "rank_pattern": pattern, "alpha_pattern": dict(pattern)}
    return LoraConfig(**{**chosen(config), **own})
