"""The table a study writes, which is also a tabular benchmark: it answers allocations without training."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spaces.allocation import Allocation
from spaces.errors import InputError
from spaces.search_space import SearchSpace

from .benchmark_entry import Entry, Stratum, StratumKind
from .benchmark_file import Contents, read_contents, write_contents

__all__ = ["BenchmarkTable", "Entry", "Stratum", "StratumKind"]


@dataclass(frozen=True, slots=True, eq=False)
class _Members:
    """The entries of one stratum. ranks: (entries, sites) int64, in the order of ``of``."""

    of: Mapping[Allocation, Entry]
    ranks: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class BenchmarkTable:
    """Entries of one or more strata over one space, all with the same proxies and the same seeds.

    metric: name of the task's metric. An allocation stands at most once in a stratum. Its ranks need not
    be of the space's grid. notes: further JSON documents by name, which this class carries unread.
    """

    space: SearchSpace
    metric: str
    entries: tuple[Entry, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    _members: Mapping[Stratum, _Members] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.entries:
            raise ValueError("a table needs entries, and there is none; give at least one allocation.")
        of: dict[Stratum, dict[Allocation, Entry]] = {}
        for entry in self.entries:
            self._check(entry)
            members = of.setdefault(entry.stratum, {})
            if entry.allocation in members:
                raise ValueError(f"{entry} stands there twice; join the origins of equal allocations.")
            members[entry.allocation] = entry
        ranks = {s: np.array([self.space.rank_vector(a) for a in members]) for s, members in of.items()}
        object.__setattr__(self, "_members", {s: _Members(members, ranks[s]) for s, members in of.items()})

    def _check(self, entry: Entry) -> None:
        cost = self.space.params(entry.allocation)
        if entry.params != cost:
            raise ValueError(f"{entry} says params={entry.params:,} and costs {cost:,}; give what it costs.")
        for what, own, all_have in (
            ("proxies", entry.proxies, self.proxies),
            ("seeds", entry.seeds, self.seeds),
        ):
            if own != all_have:
                raise ValueError(
                    f"{entry} has the {what} {list(own)} and the table's first has {list(all_have)}; "
                    "give every entry the same, in the same order."
                )

    @property
    def proxies(self) -> tuple[str, ...]:
        """Names of the proxies that scored every entry."""
        return self.entries[0].proxies

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds with which every entry was fine-tuned, ascending."""
        return self.entries[0].seeds

    @property
    def strata(self) -> tuple[Stratum, ...]:
        """In the order of their first entries."""
        return tuple(self._members)

    def of(self, stratum: Stratum) -> tuple[Entry, ...]:
        """The entries of a stratum in order; none where the table does not have it."""
        return tuple(self._members[stratum].of.values()) if stratum in self._members else ()

    def find(self, stratum: Stratum, allocation: Allocation) -> Entry | None:
        """The entry that answers an allocation instead of training it; None where there is none."""
        return self._members[stratum].of.get(allocation) if stratum in self._members else None

    def nearest(
        self, stratum: Stratum, allocation: Allocation, *, apart_from: Container[Allocation] = ()
    ) -> Entry:
        """The entry of a stratum at the smallest distance, the first of several.

        The distance is in parameters: the sum over sites of |rank difference| * cost_per_rank. Raises
        ValueError where the allocation names a site that the space lacks, InputError where no entry is left.
        """
        self.space.params(allocation)  # refuses unknown sites, which a rank vector would pass over
        entries = self.of(stratum)
        for place in self._by_distance(stratum, allocation):
            if entries[place].allocation not in apart_from:
                return entries[place]
        raise InputError(
            f"the table has no entry left of its {len(entries)} in {stratum.name!r}; ask for fewer, or in "
            f"one of its strata {[one.name for one in self.strata]}."
        )

    def _by_distance(self, stratum: Stratum, allocation: Allocation) -> list[int]:
        """Places in ``of(stratum)``, the nearest first, ties in order."""
        if stratum not in self._members:
            return []
        apart = np.abs(self._members[stratum].ranks - self.space.rank_vector(allocation))
        distances = apart @ np.array([site.cost_per_rank for site in self.space.sites])
        order: list[int] = np.argsort(distances, kind="stable").tolist()
        return order

    def write(self, path: Path) -> None:
        """Writes the Parquet file that ``benchmark_file`` describes, whole or not at all."""
        write_contents(path, Contents(self.space, self.metric, self.entries, self.notes))

    @classmethod
    def read(cls, path: Path) -> BenchmarkTable:
        """Reads what ``write`` wrote; raises InputError on any other file."""
        contents = read_contents(path)
        try:
            return cls(contents.space, contents.metric, contents.entries, contents.notes)
        except ValueError as error:
            raise InputError(f"{path} holds no benchmark table as it was written: {error}") from None
