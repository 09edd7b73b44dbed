"""A proxy: a cheap score that says which sites deserve rank."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proxies.measure.evidence import Evidence
from proxies.measure.need import Need, Taken

from .site_scores import Point, SiteScores

__all__ = ["Proxy", "needs_of"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A row of the registry.

    point: where the model is looked at: ``dense``, ``init``, ``warm`` (after a few
    training steps with every site on), ``base`` (its weights or activations without a wire, and no
    gradient), ``none``, or ``mixed``: an ensemble's, of members at several.
    measure: the scores, of which more is better. ranks_nothing: every site scores the same by design. needs:
    what it needs of every site's gradient, and whether through A, from a sketch or entry by entry (``Need``).
    """

    name: str
    point: Point
    measure: Callable[[Evidence, str], SiteScores]
    ranks_nothing: bool = False
    needs: frozenset[Need] = frozenset()

    @property
    def takes(self) -> frozenset[Taken]:
        """What is taken of every batch for it."""
        return frozenset[Taken]().union(*(need.takes for need in self.needs))


def needs_of(proxies: Iterable[Proxy]) -> frozenset[Need]:
    """What these proxies need together, as ``Evidence`` is to be built with."""
    return frozenset[Need]().union(*(proxy.needs for proxy in proxies))
