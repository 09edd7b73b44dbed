"""An arm of a comparison: one method on one space under one budget."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, get_args

from search.job.settings import SpaceSettings
from search.methods.registry import METHODS, check_spec, parts_of_spec, split_specs
from spaces.allocation import Allocation
from spaces.errors import UsageError
from spaces.grammar import parse_space
from spaces.hooks import Renorm
from spaces.site import Kind, Site
from spaces.unknown_name import unknown_name

from .peft_configs import REFEREES

__all__ = ["BASELINE", "Arm", "arms_of"]

BASELINE = "lora"
_GROUPS: Final = {"all": tuple(METHODS), "peft": tuple(REFEREES)}
_LONGEST: Final = 200  # bytes of a name; file systems take 255
_SPEC: Final = re.compile(r"([^@/\[\]]+)(\[[^\]]*\])?(?:@([^/]+))?(?:/(.+))?")


@dataclass(frozen=True, slots=True)
class Arm:
    """What a row of the leaderboard trains.

    label: as it is shown, and as no other arm is. method: as ``find_method`` reads it, or a referee's name.
    ranks: by kind of site, where they are given and not the method's to choose. optional: whether it is left
    out where its method cannot be used, as one of a group.
    """

    label: str
    method: str
    space: str
    budget: str
    renorm: Renorm
    ranks: tuple[tuple[Kind, int], ...] = ()
    optional: bool = False

    @property
    def name(self) -> str:
        """The method's, without its settings."""
        return parts_of_spec(self.method)[0]

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
        """The label with nothing in it that a file's name cannot have, and no longer than one may be."""
        name = re.sub(r"[^\w.=-]+", "_", self.label).strip("_.")
        return (
            name
            if len(name.encode()) <= _LONGEST
            else f"{name[: _LONGEST // 4]}-{zlib.crc32(self.label.encode()):08x}"
        )


def arms_of(methods: str, space: SpaceSettings) -> list[Arm]:
    """The arms that ``methods`` names, in its order, without repeats; raises UsageError.

    NAME[setting=value,...]@SPACE/RENORM: the space and the renorm are those of ``space`` unless given.
    """
    arms: dict[str, Arm] = {}
    for spec in split_specs(methods):
        group = _GROUPS.get(spec)
        for one in group or [spec]:
            arm = _arm(one, space)
            named = group is None or (arm.label in arms and not arms[arm.label].optional)
            arms[arm.label] = replace(arm, optional=not named)
    if not arms:
        raise UsageError("`methods` names nothing; name at least one, or leave `methods` out.")
    files: dict[str, str] = {}
    for arm in arms.values():
        other = files.setdefault(arm.file_name, arm.label)
        if other != arm.label:
            raise UsageError(f"{other!r} and {arm.label!r} would write the same files; rename or drop one.")
    return list(arms.values())


def _arm(spec: str, default: SpaceSettings) -> Arm:
    """The arm of one spec, spaces in which do not count."""
    label = re.sub(r"\s", "", spec)
    match = _SPEC.fullmatch(label)
    if match is None:
        raise UsageError(
            f"{spec!r} is no method; write NAME[setting=value,...]@SPACE/RENORM, all but NAME optional."
        )
    name, settings, space, renorm = match.groups(default="")
    if name in REFEREES and settings:
        raise UsageError(
            f"{name} of {spec!r} has no settings; PEFT's own methods are as large as the budget allows."
        )
    if name not in REFEREES and name not in METHODS:
        raise unknown_name("methods", name, (*METHODS, *REFEREES, *_GROUPS))
    if space:
        parse_space(space)
    if renorm and renorm not in get_args(Renorm):
        raise UsageError(f"renorm {renorm!r} of {spec!r} is unknown; choose preserve or paper.")
    method = name + settings
    if settings:
        check_spec(method)
    return Arm(label, method, space or default.space, default.budget, cast(Renorm, renorm or default.renorm))
