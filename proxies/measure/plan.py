"""Which sites are measured together, so that what is taken of them fits into the memory there is.

Counted is what is kept of the sites from batch to batch. What is worked with comes besides and is not
counted: a batch's forward and backward with the sources that sites read; and of one site at a time a second G
while one is added up, a float64 copy of it and a Gram matrix where a spectrum is taken. Of sketches the
float64 copies of the largest site are counted as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from transformers import PreTrainedModel

from spaces.counted import counted
from spaces.memory_size import MemorySize, written_bytes
from spaces.search_space import SearchSpace
from spaces.site import Site

from .need import SKETCH, Need, Taken
from .sketch import left_rows

__all__ = ["Plan", "bytes_of_gradients", "gradients_fit", "memory_for", "planned"]

_FLOAT: Final = 4  # bytes: everything is float32
_ENOUGH: Final = 200_000_000  # bytes: what holds all gradients of MiniLM, or of BERT's shortcuts and q and v
_SHARE: Final = 0.1  # of the base model's bytes, where that does not
_WORKING: Final = 3_000_000  # bytes left to what a batch in flight holds of x Omega
_DOUBLE: Final = 8  # bytes: linear algebra is float64
_OVERSAMPLING: Final = 8
_FEWEST: Final = 8  # vectors of a sketch
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """takes: in each pass. rank: of the initial A. vectors: of a sketch, k; 0 where there is none. groups: of
    sites, in order, each measured in a pass over all batches."""

    takes: frozenset[Taken]
    rank: int
    vectors: int
    groups: tuple[tuple[Site, ...], ...]


def bytes_of_gradients(sites: Iterable[Site]) -> int:
    """Of one G of every site."""
    return _FLOAT * sum(site.d_out * site.d_in for site in sites)


def gradients_fit(sites: Iterable[Site], memory: int) -> bool:
    """Whether one G of every site does, in bytes, so that all that is said of them is exact."""
    return bytes_of_gradients(sites) <= memory


def memory_for(model: PreTrainedModel, sites: Sequence[Site], given: MemorySize | None) -> int:
    """Bytes that what is kept of the sites may have at a time.

    given: by whoever chose it. By default 200 MB where they hold one G of every site, so that all scores of
    models as small as these are exact; else a tenth of the base model.
    """
    base = sum(one.numel() * one.element_size() for one in model.parameters())
    if given is not None:
        return given.bytes_of(base)
    return _ENOUGH if bytes_of_gradients(sites) <= _ENOUGH else round(_SHARE * base)


def planned(needs: frozenset[Need], space: SearchSpace, memory: int, *, initial_rank: int) -> Plan:
    """How these needs are met within a memory; the log says where that takes several passes.

    A site that does not fit alone has a pass of its own all the same.
    """
    takes = frozenset[Taken]().union(*(need.takes for need in needs))
    rank = max((space.ranks[-1] if one.every_rank else initial_rank for one in needs), default=initial_rank)
    besides = sum(_bytes(site, takes - SKETCH, rank, 0) for site in space.sites)
    vectors = _vectors(space, memory - besides) if takes & SKETCH else 0
    groups = _groups(space.sites, lambda site: _bytes(site, takes, rank, vectors), memory)
    if len(groups) > 1:
        names = ", ".join(sorted(need.name for need in needs))
        _log.info(
            "%s: %s over the batches, as `scoring_memory` holds what they take of %s at a time, not of %d",
            names,
            counted(len(groups), "pass", "passes"),
            counted(len(groups[0]), "site"),
            len(space.sites),
        )
    if vectors:
        _log.info(
            "the gradients of %s would take %s, and `scoring_memory` is %s: their norms and spectra are "
            "sketched, by %s from the right and %d from the left",
            counted(len(space.sites), "site"),
            written_bytes(bytes_of_gradients(space.sites)),
            written_bytes(memory),
            counted(vectors, "vector"),
            left_rows(vectors),
        )
    return Plan(takes, rank, vectors, groups)


def _vectors(space: SearchSpace, memory: int) -> int:
    """How many vectors a sketch may have: more than the grid's largest rank, if there is memory for them."""
    of_one = _FLOAT * sum(site.d_out + 2 * site.d_in for site in space.sites)
    # and for the copies that ``sketched_spectrum`` makes of one site at a time
    of_one += _DOUBLE * max(4 * site.d_out + 7 * site.d_in for site in space.sites)
    wanted = min(space.ranks[-1] + _OVERSAMPLING, max(site.max_rank for site in space.sites))
    return max(min(wanted, (memory - _WORKING) // of_one), min(wanted, _FEWEST))


def _bytes(site: Site, takes: frozenset[Taken], rank: int, vectors: int) -> int:
    """That a pass keeps of a site; not what it works with."""
    whole, of_b = site.d_out * site.d_in, site.d_out * rank
    sizes: dict[Taken, int] = {
        "gradient": whole,
        "deviations": 2 * whole,
        "second_moments": site.d_in * site.d_in,
        "of_b": of_b + site.d_in * rank,
        "deviations_of_b": of_b,
        "absolute_of_b": of_b,
        "right_sketch": site.d_out * vectors,
        "left_sketch": site.d_in * left_rows(vectors),
    }
    statistics = of_b if takes & {"deviations_of_b", "absolute_of_b"} else 0
    return _FLOAT * (sum(size for name, size in sizes.items() if name in takes) + statistics)


def _groups(
    sites: Sequence[Site], bytes_of: Callable[[Site], int], memory: int
) -> tuple[tuple[Site, ...], ...]:
    groups: list[list[Site]] = []
    free = 0
    for site in sites:
        size = bytes_of(site)
        if not groups or size > free:
            groups.append([])
            free = memory
        groups[-1].append(site)
        free -= size
    return tuple(map(tuple, groups))
