"""What the pictures of a study show, in sentences, for those who do not see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proxies.site_scores import SiteScores
from search.show.forest_plot import ForestLine
from search.show.number_format import decimal, signed, with_interval
from search.show.regret_plot import RegretCurve, RegretPoint
from spaces.counted import counted

__all__ = ["forest_finding", "maps_finding", "regret_finding", "scatter_finding"]

_USUAL_K: Final = 5
_NAMED: Final = 5  # proxies of many


def forest_finding(lines: Sequence[ForestLine], *, truth: str, ceiling: float | None) -> str:
    """Who correlates most and least with the truth, how many more than chance, and the ceiling."""
    known = [line for line in lines if line.value is not None]
    if not known:
        return f"No proxy has a rank correlation with {truth}."
    best, worst = (choose(known, key=lambda line: line.value or 0.0) for choose in (max, min))
    shown = with_interval(best.value, best.low, best.high)
    ends = f"from {signed(worst.value)} ({worst.name}) to " if len(known) > 1 else ""
    above = sum(line.significant for line in lines)
    said = f"Rank correlations of {counted(len(known), 'proxy', 'proxies')} with {truth}: {ends}{shown} "
    said += f"({best.name}); {above} above 0 after correction"
    return f"{said}." if ceiling is None else f"{said}; the noise ceiling is {decimal(ceiling)}."


def regret_finding(
    curves: Sequence[RegretCurve], baseline: RegretCurve | None, chance: Mapping[int, float], *, unit: str
) -> str:
    """What is lost where the best proxy's five favourites are trained, or as near to five as there are."""
    named = [*curves[:1], *([baseline] if baseline is not None else [])]
    told = [(curve, point) for curve in named if (point := _near(curve)) is not None]
    if not told:
        return "No proxy has favourites whose training could be judged."
    parts = [f"{decimal(point.value, 4)} with the {point.k} of {curve.name}" for curve, point in told]
    k = told[0][1].k
    if k in chance:
        parts.append(f"{decimal(chance[k], 4)} with {k} drawn at random")
    return f"Lost of {unit} where only a few favourites are trained: {', '.join(parts)}."


def scatter_finding(
    correlations: Mapping[str, float | None], *, truth: str, allocations: int, uniform: int | None
) -> str:
    """How closely scores follow the truth, and where the uniform allocation stands.

    uniform: its place by truth, 1 being the best; None where it is not among them.
    """
    known = [rho for rho in correlations.values() if rho is not None]
    count = counted(len(correlations), "proxy", "proxies")
    said = f"Scores of {count} against {truth} for {counted(allocations, 'allocation')}"
    if known:
        said += f": rank correlations from {signed(min(known))} to {signed(max(known))}"
    return f"{said}." if uniform is None else f"{said}; uniform is number {uniform} by {truth}."


def maps_finding(tables: Sequence[SiteScores]) -> str:
    """The site that each proxy ranks highest."""
    tops = [(one.proxy, one.space.sites[int(one.by_site.argmax())].name) for one in tables]
    said = ", ".join(f"{site} by {proxy}" for proxy, site in tops[:_NAMED])
    more = len(tops) - _NAMED
    return f"The site of highest score: {said}" + (f", and others by {more} more." if more > 0 else ".")


def _near(curve: RegretCurve) -> RegretPoint | None:
    return min(curve.points, key=lambda point: abs(point.k - _USUAL_K), default=None)
