"""One rank everywhere."""

from __future__ import annotations

import torch
from peft import LoraConfig

from evaluators.adapters.formats.chosen import chosen

from .baked import baked
from .peft_adapter import PeftAdapter, Wired

__all__ = ["padded_to_one_rank"]


def padded_to_one_rank(adapter: PeftAdapter) -> PeftAdapter:
    """The same deltas as an adapter of one rank and of alpha = r, without patterns, as servers read it that
    know ``r``, ``lora_alpha`` and ``target_modules`` alone.

    Every linear whose last name one of the adapter's has gets the largest rank, in every block: rows of A and
    columns of B that were not there are zero, and all of them where there was no adapter. So
    ``target_modules`` are plain names such as ``q_proj``, and any two adapters of the same rank and names can
    be swapped for each other. vLLM (vllm/lora/peft_helper.py, lora_model.py) reads no ``rank_pattern`` and
    ``alpha_pattern``, refuses ``r`` above its ``max_lora_rank``, and takes no ``modules_to_save``.
    """
    own = baked(adapter)
    r = max(len(one.a) for one in own.wired.values())
    dtype = next(iter(own.wired.values())).a.dtype
    names = {_last(name) for name in own.wired}
    heads = set(own.config.modules_to_save or ())
    alike = [name for name in own.linears if _last(name) in names]
    of_head = [name for name in alike if name.partition(".")[0] in heads]
    wired = {}
    for name in (name for name in alike if name not in of_head):
        d_out, d_in = own.linears[name]
        a, b = torch.zeros(r, d_in, dtype=dtype), torch.zeros(d_out, r, dtype=dtype)
        if (one := own.wired.get(name)) is not None:
            a[: len(one.a)], b[:, : len(one.a)] = one.a, one.b
        wired[name] = Wired(a, b, 1.0)
    plain = {
        "r": r,
        "lora_alpha": r,
        "rank_pattern": {},
        "alpha_pattern": {},
        "target_modules": sorted(names),
        "exclude_modules": of_head or None,
    }
    return PeftAdapter(LoraConfig(**{**chosen(own.config), **plain}), wired, own.head, own.linears)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
