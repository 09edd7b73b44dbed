"""An arm of a comparison: one method on one space under one budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from search.policies.registry import METHODS, find_method, split_specs
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.site import Kind, Site

from .options import CompareOptions
from .referees import REFEREES

__all__ = ["BASELINE", "Arm", "arms_of"]

BASELINE = "lora"


@dataclass(frozen=True, slots=True)
class Arm:
    """What a row of the leaderboard trains.

    label: as it is shown, and as no other arm is. method: as ``find_method`` reads it, or a referee's name.
    ranks: by kind of site, where they are given and not the method's to choose.
    """

    label: str
    method: str
    space: str
    budget: str
    renorm: str
    ranks: tuple[tuple[Kind, int], ...] = ()

    @property
    def referee(self) -> bool:
        """Whether PEFT trains it."""
        return self.method in REFEREES

    def start(self, sites: Sequence[Site]) -> Allocation | None:
        """The ranks that are given; None where the method begins as it will."""
        ranks = dict(self.ranks)
        return Allocation.of({site.name: ranks.get(site.kind, 0) for site in sites}) if ranks else None

    @property
    def file_name(self) -> str:
        """The label with nothing in it that a file's name cannot have."""
        return re.sub(r"[^\w.=-]+", "_", self.label).strip("_")


def arms_of(options: CompareOptions) -> list[Arm]:
    """The arms that ``--methods`` names, in its order, without repeats; raises UsageError.

    NAME[setting=value,...]@SPACE/RENORM: the space and the renorm are those of the options unless given.
    """
    arms: dict[str, Arm] = {}
    for spec in split_specs(options.methods):
        for label in {"all": list(METHODS), "peft": list(REFEREES)}.get(spec, [spec]):
            method, _, place = label.partition("@")
            space, _, renorm = place.partition("/")
            if method not in REFEREES:
                find_method(method)
            arms[label] = Arm(label, method, space or options.space, options.budget, renorm or options.renorm)
    if not arms:
        raise UsageError("--methods names nothing; name at least one, or leave --methods out.")
    return list(arms.values())
