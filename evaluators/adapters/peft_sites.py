"""The sites of a space as PEFT can have them: one to a linear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from spaces.errors import UsageError
from spaces.families import find_family
from spaces.site import Site

__all__ = ["peft_sites"]


def peft_sites(model: PreTrainedModel, sites: Sequence[Site]) -> tuple[Site, ...]:
    """The same sites, in order, save that several projections fused into one linear are one site.

    GPT-2's q, k and v become ``layers.0.qkv``, Phi-3's gate and up ``layers.0.gate_up``, whichever of them
    are named, since PEFT adapts the linear as a whole and the parameters of that are what a budget has to
    count. Raises UsageError on shortcuts, which PEFT cannot express.
    """
    if shortcuts := [site.name for site in sites if site.kind != "lora"]:
        raise UsageError(
            f"PEFT has no adapter for {shortcuts[0]} or any other shortcut; give a `space` of lora sites, "
            "such as lora[all], or train the shortcuts with search.setup."
        )
    found: dict[str, Site] = {}
    for site in sites:
        module = site.target.module
        if module not in found:
            found[module] = site if site.target.part is None else _whole(model, site)
    return tuple(found.values())


def _whole(model: PreTrainedModel, site: Site) -> Site:
    """The site of the whole linear of which a site is one part."""
    family = find_family(model.config)
    assert family is not None, "only families of the table have parts"
    role = family.fused_role(site.role)
    linear = model.get_submodule(site.target.module)
    width = linear.nf if isinstance(linear, Conv1D) else linear.out_features
    assert isinstance(width, int)
    target = replace(site.target, part=None)
    return replace(site, name=f"layers.{site.layer}.{role}", role=role, d_out=width, target=target)
