"""What jobs stand on: a model, a task as it can read it, and the machine."""

from __future__ import annotations

import logging
from copy import copy
from typing import Final

from transformers import PreTrainedModel

from evaluators.adapters.adaptable import beyond_peft
from spaces.hooks import Renorm
from spaces.site import Site

from .fit_to_model import readable_inputs, usable_sites
from .inputs import Inputs, load_inputs
from .job_settings import JobSettings
from .machine import Machine
from .settings import GenerationSettings
from .text_test_of import check_prompts, text_test_of

__all__ = ["Ground", "load_ground"]

_log = logging.getLogger(__name__)
_NO_TEXT: Final = GenerationSettings()


class Ground:
    """One model and one task on one machine; jobs over them differ in space, budget and training.

    text_test: what the model's candidates are to write; None where that is not asked for.

    The model is asked once what it can take of the task, and once of each set of sites which will do.
    """

    def __init__(self, inputs: Inputs, machine: Machine, generation: GenerationSettings = _NO_TEXT) -> None:
        """Loads the model; raises InputError where it cannot be used, or not with this task, UsageError where
        it is to write and has no prompts."""
        if generation.generate:
            check_prompts(inputs.task)  # before the model is loaded
        self.machine = machine
        self.inputs = readable_inputs(inputs, machine.models.on(inputs.source, machine.devices[0]))
        self.text_test = text_test_of(self.inputs, self.model, generation)
        self._usable: dict[tuple[tuple[Site, ...], Renorm], tuple[Site, ...]] = {}
        self._beyond_peft: dict[frozenset[Site], tuple[str, ...]] = {}

    def on(self, machine: Machine) -> Ground:
        """The same on a machine that has the same models, at which others look: nothing is loaded anew."""
        other = copy(self)
        other.machine = machine
        return other

    @property
    def model(self) -> PreTrainedModel:
        """The frozen base model on the first device, loaded again where it was let go."""
        return self.machine.models.on(self.inputs.source, self.machine.devices[0])

    def usable(self, sites: tuple[Site, ...], renorm: Renorm) -> tuple[Site, ...]:
        """Those of the sites that can be trained here; raises InputError as ``usable_sites`` does."""
        if (sites, renorm) not in self._usable:
            self._usable[sites, renorm] = usable_sites(self.inputs.task, self.model, sites, renorm)
        return self._usable[sites, renorm]

    def tell_beyond_peft(self, sites: tuple[Site, ...]) -> None:
        """Logs what PEFT will not load of adapters at these sites, once of each set: it takes part of a
        second, and a comparison has dozens of jobs."""
        linears = frozenset(site for site in sites if site.kind == "lora")
        if linears not in self._beyond_peft:
            self._beyond_peft[linears] = beyond_peft(self.model, sites)
            for sentence in self._beyond_peft[linears]:
                _log.warning("%s", sentence)


def load_ground(settings: JobSettings, machine: Machine) -> Ground:
    """Loads the model and the task that are asked for; raises UsageError or InputError on what cannot be
    used."""
    return Ground(load_inputs(settings.model, settings.data), machine, settings.generation)
