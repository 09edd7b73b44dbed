"""The ``LoraConfig`` with which PEFT alone can train what an adapter's folder holds, from the beginning."""

from __future__ import annotations

from collections.abc import Sequence

from peft import LoraConfig
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.find_sites import find_sites, sites_by_leaf_name

from .adapter_record import AdapterRecord
from .lora_config import lora_config
from .peft_sites import peft_sites

__all__ = ["adapter_config"]


def adapter_config(record: AdapterRecord, model: PreTrainedModel) -> LoraConfig:
    """The config of an adapter's ranks and scaling rule; its weights are in its folder, not here.

    model: the base model, of which the shapes will do. Projections that are fused into one linear get the sum
    of their ranks, with the factor of that. Raises InputError where the adapter has shortcuts, or was made
    for another model, and says which.
    """
    sites = [*sites_by_leaf_name(model), *find_sites(model, "lora[all]")]
    found = {site.name: site for site in sites}
    ranks = dict(record.allocation.ranks)
    if missing := [name for name in ranks if name not in found]:
        raise InputError(_refusal(missing, record))
    own = [found[name] for name in ranks]
    by_module: dict[str, int] = {}
    for site in own:
        module = site.target.module
        by_module[module] = by_module.get(module, 0) + ranks[site.name]
    whole = peft_sites(model, own)
    allocation = Allocation.of({site.name: by_module[site.target.module] for site in whole})
    task_type = ARCHITECTURES[record.architecture].task_type
    return lora_config(model, whole, allocation, record.scaling, task_type=task_type)


def _refusal(missing: Sequence[str], record: AdapterRecord) -> str:
    """Why sites that the model has no linear for cannot be in the config."""
    if shortcuts := record.shortcuts:
        return (
            f"PEFT has no adapter for {shortcuts[0]} or any other shortcut, of which this adapter has "
            f"{len(shortcuts)}; load all of it with load_adapter, or search linears alone, as in lora[all]."
        )
    return (
        f"the base model has no linear for {missing[0]}, to which the adapter of {record.base} gives a rank; "
        "name that model with `model`."
    )
