"""An allocation: the rank of every site's wire."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .errors import UsageError
from .foreign_json import object_of, parse_json, whole_number
from .is_whole import is_whole
from .printable import printable

__all__ = ["Allocation"]

_HIGHEST: Final = 1_000_000  # rank that is read: above that of any linear


@dataclass(frozen=True, slots=True)
class Allocation:
    """The sites that carry a wire, with their ranks; every other site is off.

    ranks: (site name, rank >= 1) pairs, ascending by name, so that equal allocations are equal
    values and hash alike. Build one with ``Allocation.of``. Raises UsageError on ranks that are no whole
    numbers from 1 on.

    >>> plan = Allocation.of({"layers.1.v": 4, "layers.0.q": 8, "layers.0.v": 0})
    >>> plan.ranks
    (('layers.0.q', 8), ('layers.1.v', 4))
    >>> plan.rank("layers.0.v")
    0
    >>> Allocation.from_json(plan.to_json()) == plan
    True
    """

    ranks: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        names = [name for name, _ in self.ranks]
        if names != sorted(set(names)):
            raise ValueError(
                f"ranks={self.ranks} must ascend by site name without repeats; "
                "build it with Allocation.of({site: rank})."
            )
        ranks = tuple((name, _whole_rank(name, rank)) for name, rank in self.ranks)
        for name, rank in ranks:
            if rank < 1:
                raise UsageError(f"rank {rank} at {name} must be >= 1; leave a site out to switch it off.")
        object.__setattr__(self, "ranks", ranks)  # without NumPy's, which JSON does not know

    @classmethod
    def of(cls, ranks: Mapping[str, int]) -> Allocation:
        """The allocation of a mapping from site name to rank; rank 0 means off.

        Raises UsageError on ranks that are no whole numbers, 8.0 too; NumPy's whole numbers are some.
        """
        if not isinstance(ranks, Mapping):
            raise UsageError(f"`ranks` is a {type(ranks).__name__}; give a mapping from site name to rank.")
        whole = [(name, _whole_rank(name, rank)) for name, rank in ranks.items()]
        return cls(tuple(sorted((name, rank) for name, rank in whole if rank)))

    def rank(self, site: str) -> int:
        """Rank at a site, 0 where it is off."""
        return dict(self.ranks).get(site, 0)

    def to_json(self) -> str:
        """A JSON object from site name to rank, without the sites that are off."""
        return json.dumps(dict(self.ranks), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Allocation:
        """Reads what ``to_json`` wrote; raises InputError on anything else."""
        remedy = 'write site names with whole ranks, for example {"layers.0.q": 8}'
        ranks = object_of(whole_number(0, _HIGHEST))
        return cls.of(parse_json(text, ranks, source="an allocation", remedy=remedy))


def _whole_rank(name: str, rank: object) -> int:
    if is_whole(rank):
        return int(rank)
    shown = printable(reprlib.repr(rank))
    raise UsageError(
        f"rank {shown} at {name} is no whole number; give one from 1 on, or leave a site out to switch it "
        "off."
    )
