"""Who or what drew an allocation of a study: a value in memory, a line of text in its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from search.sampling.proposer import Proposer

__all__ = ["GROUPS", "RANDOM", "UNIFORM_ORIGIN", "Group", "Origin", "group_of", "numbered_draw", "picked_by"]

Group = Literal[
    "random",
    "other",
    "proxy pick",
    "one site",
    "all but one site",
    "one kind or role",
    "top- or bottom-heavy",
    "uniform",
]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
"""Of an allocation that several drew, the last of theirs."""

_BEFORE: Final[dict[Group, str]] = {"all but one site": "without "}
_AFTER: Final[dict[Group, str]] = {"one site": " only", "one kind or role": " only"}


@dataclass(frozen=True, slots=True)
class Origin:
    """One that drew an allocation.

    group: what kind of allocation it draws. name: of the site, the kind, the role or the tilt that it stands
    for, or of the proposer; of the uniform one, its own; of a random one, its number among the draws, which
    stands for the weights that it is drawn from at any budget.

    >>> print(Origin("one site", "layers.3.q"), Origin("all but one site", "layers.3.q"), sep=", ")
    layers.3.q only, without layers.3.q
    """

    group: Group
    name: str

    def __str__(self) -> str:
        return f"{_BEFORE.get(self.group, '')}{self.name}{_AFTER.get(self.group, '')}"

    @classmethod
    def read(cls, text: str) -> Origin:
        """The origin of which a table holds the text; one that this version never draws is of group "other".

        >>> Origin.read("lora only")
        Origin(group='one kind or role', name='lora')
        """
        if text == "uniform":
            return UNIFORM_ORIGIN
        if text.partition(" ")[0] == "random":
            return cls("random", text)
        if text.startswith("without "):
            return cls("all but one site", text.removeprefix("without "))
        if text.endswith(" only"):
            name = text.removesuffix(" only")
            return cls("one site" if "." in name else "one kind or role", name)
        if "/" in text:
            return cls("proxy pick", text)
        return cls("top- or bottom-heavy" if text.startswith(("top", "bottom")) else "other", text)


UNIFORM_ORIGIN: Final = Origin("uniform", "uniform")
RANDOM: Final = Origin("random", "random")
"""Of a table that does not number its draws."""


def numbered_draw(number: int) -> Origin:
    """Of the draws of one budget, from 0, with those that are not kept.

    >>> print(numbered_draw(7))
    random 7
    """
    return Origin("random", f"random {number}")


def picked_by(proxy: str, allocator: str) -> Origin:
    """What a proxy itself would choose.

    >>> print(picked_by("snip", "greedy"))
    snip/greedy
    """
    return Origin("proxy pick", str(Proposer(allocator, proxy)))


def group_of(origins: Sequence[Origin]) -> Group:
    """The group of an allocation by those who drew it. Raises ValueError where nobody did.

    >>> group_of([RANDOM, picked_by("snip", "greedy")])
    'proxy pick'
    """
    if not origins:
        raise ValueError("origins=() names nobody; pass at least one, such as (RANDOM,).")
    return max((origin.group for origin in origins), key=GROUPS.index)
