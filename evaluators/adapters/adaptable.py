"""Which linears PEFT adapts as they are: it is asked, by trials without weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from transformers import PreTrainedModel

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError, what_went_wrong
from spaces.find_sites import find_sites
from spaces.scaling import Scaling
from spaces.site import Site

from .lora_config import lora_config
from .peft_files import fits_peft
from .peft_params import peft_params
from .peft_sites import peft_sites

__all__ = ["adaptable", "beyond_peft"]

_NAMED: Final = 3  # sites that the log lists
_MISTAKEN: Final = "PEFT takes their names for those of other modules"
_SEVERAL_CALLS: Final = "they also project positions, which PEFT's adapters would change too"
_log = logging.getLogger(__name__)


def adaptable(model: PreTrainedModel, sites: Sequence[Site]) -> tuple[Site, ...]:
    """The sites, in order, at which PEFT puts an adapter of A and B and of nothing else.

    Some linears it refuses (``out_proj`` in Mamba); in some mixtures of experts it takes the names of the
    shared expert's for those of all experts (peft issue 3711). The log says what is left out, and why.
    sites: as ``peft_sites`` gives them. Raises InputError where none is left, with the roles that would do.
    """
    why = _why_not(model, sites)
    found = tuple(site for site in sites if site.target.module not in why)
    if not found:
        raise InputError(
            f"none of {counted(len(sites), 'site')} of this space is left: {next(iter(why.values()))}; "
            f"{_other_roles(model)}."
        )
    for reason in dict.fromkeys(why.values()):
        others = [site for site in sites if why.get(site.target.module) == reason]
        words = "left out %d of %s (%s): %s"
        _log.warning(words, len(others), counted(len(sites), "site"), _listed(others), reason)
    return found


def beyond_peft(model: PreTrainedModel, sites: Sequence[Site]) -> tuple[str, ...]:
    """At which of these sites PEFT will load no adapter, each reason a sentence; none where it loads all.

    sites: as ``find_sites`` gives them; those that are no linears, which no format of PEFT has, are passed
    over. The model comes back frozen.
    """
    linears = [site for site in sites if site.kind == "lora"]
    why = {site.target.module: _SEVERAL_CALLS for site in linears if not fits_peft(site)}
    why |= _why_not(model, peft_sites(model, linears))
    roles = _roles_outside(linears, why)
    instead = f"; of these roles lora[{','.join(roles)}] would do" if roles else ""
    every, said = counted(len(linears), "linear site"), []
    for reason in dict.fromkeys(why.values()):
        others = [site for site in linears if why.get(site.target.module) == reason]
        said.append(
            f"PEFT will not load an adapter with wires at {len(others)} of {every} ({_listed(others)}), "
            f"load_adapter will: {reason}{instead}"
        )
    return tuple(said)


def _why_not(model: PreTrainedModel, sites: Sequence[Site]) -> dict[str, str]:
    """By linear, why PEFT does not adapt it as it is. sites: as ``peft_sites`` gives them."""
    why: dict[str, str] = {}
    left, made = list(sites), dict[str, int]()
    while left:
        try:
            made = _made(model, left)
            break
        except InputError as error:
            why |= (refused := _refused(model, left, what_went_wrong(error)))
            left = [site for site in left if site.target.module not in refused]
    why |= {
        site.target.module: _MISTAKEN for site in left if made.get(site.target.module) != site.cost_per_rank
    }
    return why


def _refused(model: PreTrainedModel, sites: Sequence[Site], reason: str) -> dict[str, str]:
    """By linear, PEFT's reason for refusing it, found role by role and then site by site.

    reason: that for which it refuses these sites together; it is that of all where no part is refused.
    """
    roles = list(dict.fromkeys(site.role for site in sites))
    parts = [[site for site in sites if site.role == role] for role in roles]
    if len(parts) == 1:
        parts = [[site] for site in sites]
    why: dict[str, str] = {}
    for part in parts if len(sites) > 1 else ():
        try:
            _made(model, part)
        except InputError as error:
            why |= _refused(model, part, what_went_wrong(error))
    return why or dict.fromkeys((site.target.module for site in sites), reason)


def _made(model: PreTrainedModel, sites: Sequence[Site]) -> dict[str, int]:
    """Parameters of PEFT's adapters of rank 1 at these sites, by linear; raises InputError on a refusal."""
    every = Allocation.of({site.name: 1 for site in sites})
    return peft_params(model, lora_config(model, sites, every, Scaling(), task_type=None))


def _other_roles(model: PreTrainedModel) -> str:
    """What may be named in a space instead."""
    every = find_sites(model, "lora[all]")
    roles = _roles_outside(every, _why_not(model, peft_sites(model, every)))
    if not roles:
        return "it has no role that PEFT can adapt everywhere; choose another model"
    return f"name other roles in `space`, such as lora[{','.join(roles)}]"


def _roles_outside(sites: Sequence[Site], modules: Mapping[str, str]) -> list[str]:
    """The roles of which no site is at one of these linears."""
    without = {site.role for site in sites if site.target.module in modules}
    return [role for role in dict.fromkeys(site.role for site in sites) if role not in without]


def _listed(sites: Sequence[Site]) -> str:
    return ", ".join(site.name for site in sites[:_NAMED]) + (" and more" if len(sites) > _NAMED else "")
