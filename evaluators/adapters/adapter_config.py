"""The ``LoraConfig`` with which PEFT alone can train what an adapter's folder holds, from the beginning."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from peft import LoraConfig
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from spaces.counted import counted
from spaces.errors import InputError
from spaces.find_sites import find_sites, sites_by_leaf_name

from .adapter_record import AdapterRecord
from .lora_config import config_of_modules
from .peft_files import fits_peft
from .peft_params import peft_params
from .peft_sites import peft_sites

__all__ = ["adapter_config"]

_INSTEAD: Final = "export it as `format=merged`, or load it with load_adapter."
_log = logging.getLogger(__name__)


def adapter_config(record: AdapterRecord, model: PreTrainedModel) -> LoraConfig:
    """The config of an adapter's ranks and factors; its weights are in its folder, not here.

    model: the base model, of which the shapes will do; it comes back frozen. Projections that are fused into
    one linear get one adapter of the sum of their ranks, since PEFT adapts the linear whole; its factor is
    that of their wires, the largest where they differ, and the log says how many parameters it is more, and
    of linears that also project positions (DeBERTa) that PEFT's adapter changes those too.
    Raises InputError where the adapter has no wire, or shortcuts, or was made for another model, and where
    PEFT makes other adapters of the config.
    """
    sites = [*sites_by_leaf_name(model), *find_sites(model, "lora[all]")]
    found = {site.name: site for site in sites}
    wires = dict(record.allocation.ranks)
    if missing := [name for name in wires if name not in found]:
        raise InputError(_refusal(missing, record))
    if not wires:
        raise InputError(
            f"this adapter has a head and no wire, so that no config can say what it is; {_INSTEAD}"
        )
    own = [found[name] for name in wires]
    if several := [site.name for site in own if not fits_peft(site)]:
        _log.warning(
            "PEFT's adapter at %s and the like would change its positions' projection too", several[0]
        )
    ranks: dict[str, int] = {}
    factors: dict[str, float] = {}
    for site in own:
        module, rank = site.target.module, wires[site.name]
        ranks[module] = ranks.get(module, 0) + rank
        factors[module] = max(factors.get(module, 0.0), record.scaling.factor("lora", rank))
    task_type = ARCHITECTURES[record.architecture].task_type
    config = config_of_modules(model, ranks, factors, task_type=task_type)
    costs = {one.target.module: one.cost_per_rank for one in peft_sites(model, own)}
    expected = {module: rank * costs[module] for module, rank in ranks.items()}
    _check_made(peft_params(model, config, remedy=_INSTEAD), expected)
    whole, trained = sum(expected.values()), sum(wires[one.name] * one.cost_per_rank for one in own)
    if whole != trained:
        words = "the config has %s, of which the adapter has %s: PEFT adapts fused linears whole"
        _log.warning(words, counted(whole, "parameter"), f"{trained:,}")
    return config


def _check_made(made: Mapping[str, int], expected: Mapping[str, int]) -> None:
    """Raises InputError unless PEFT's adapters have the parameters that are expected, module by module."""
    for module in {**expected, **made}:  # in the order of the network
        if (theirs := made.get(module, 0)) != (ours := expected.get(module, 0)):
            raise InputError(
                f"PEFT would give {module} {counted(theirs, 'parameter')} under the config of this adapter, "
                f"which has {ours:,} there; {_INSTEAD}"
            )


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
