"""Which linears PEFT adapts as they are: it is asked, by a trial without weights."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from transformers import PreTrainedModel

from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.errors import InputError
from spaces.scaling import Scaling
from spaces.site import Site

from .lora_config import lora_config
from .peft_params import peft_params

__all__ = ["adaptable"]

_NAMED = 3  # sites that the log lists
_log = logging.getLogger(__name__)


def adaptable(model: PreTrainedModel, sites: Sequence[Site]) -> tuple[Site, ...]:
    """The sites, in order, at which PEFT puts an adapter of A and B and of nothing else.

    In some mixtures of experts it takes the names of the shared expert's linears for those of all experts
    (peft issue 3711). The log says what is left out. sites: as ``peft_sites`` gives them. Raises InputError
    where PEFT refuses the model, or there is none.
    """
    every = Allocation.of({site.name: 1 for site in sites})
    made = peft_params(model, lora_config(model, sites, every, Scaling(), task_type=None))
    found = tuple(site for site in sites if made.get(site.target.module) == site.cost_per_rank)
    others = [site.name for site in sites if site not in found]
    if not found:
        raise InputError(
            f"PEFT puts other adapters than asked for at all of {counted(len(sites), 'site')}, "
            f"{others[0]} the first of them; name other roles in `space`."
        )
    if others:
        names = ", ".join(others[:_NAMED]) + (" and more" if len(others) > _NAMED else "")
        words = "left out %d of %s (%s): PEFT takes their names for those of other modules"
        _log.warning(words, len(others), counted(len(sites), "site"), names)
    return found
