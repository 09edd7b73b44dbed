"""The page of a live search: one HTML file that opens anywhere, without a network and without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from search.live.live_trial import LiveTrial
from search.live.values import front_of
from search.live.watcher import LiveSearch
from search.show.html_page import PagePicture, html_page, page_picture
from search.show.rank_map import rank_map
from search.show.sheet import Sheet
from search.show.table import Column, Table, TableCell, TableRow, count_cell, word_cell
from spaces.counted import counted
from spaces.search_space import SearchSpace

from .live_plots import LivePlot

__all__ = ["live_page", "trials_table"]

_TEMPLATE: Final = "live_page.html.jinja"
_MOST_MAPS: Final = 6


def live_page(
    search: LiveSearch,
    trials: Sequence[LiveTrial],
    drawn: SearchSpace,
    sheet: Sheet,
    plots: Sequence[LivePlot],
) -> str:
    """The page as HTML: the verdict, the finalists, the curve and the front, all trials, the best rank maps.

    Args:
        search, trials: what was searched, and what came of it.
        drawn: the sites of rank maps.
        sheet: what is said of the whole: the verdict alone where there are no finalists.
        plots: that have been drawn of it.
    """
    known = [one for one in _best_first(search, trials) if one.reports]
    values = {
        "title": f"{search.task}, {search.model}, {search.title}, {search.budget}",
        "verdict": sheet.headline,
        "facts": _facts(search, trials),
        "finalists": sheet.tables,
        "sentences": [one for part in sheet.parts if not isinstance(part, Table) for one in part],
        "plots": [
            page_picture(one.path.read_bytes(), caption=one.finding, finding=one.finding) for one in plots
        ],
        "table": trials_table(search, trials),
        "maps": [_map(one, drawn) for one in known[:_MOST_MAPS]],
    }
    return html_page("search.mirror", _TEMPLATE, values)


def trials_table(search: LiveSearch, trials: Sequence[LiveTrial]) -> Table:
    """All trials, those first that came furthest and did best; a column for each rung."""
    name, field = search.objective_titles[0], search.settings.objectives[0]
    front = {one.number for one in front_of(trials, search.objectives)}
    columns = (
        Column("trial", ("trial",)),
        Column("proposed by", ("proposed_by",), words=True),
        Column("rate, scaling", ("learning_rate", "scaling"), words=True),
        Column("sites on", ("sites",)),
        Column("parameters", ("parameters",)),
        *(Column(f"{name} at {step}", (f"{field}_{step}",)) for step in search.rungs),
        Column("ended", ("state",), words=True),
        Column("s", ("seconds",), right=True),
    )
    rows = []
    for one in _best_first(search, trials):
        own = one.configuration
        values: list[float | None] = [report.value for report in one.reports]
        values += [None] * (len(search.rungs) - len(values))
        cells = (
            count_cell(one.number),
            word_cell(f"{one.proposer} (baseline)" if one.baseline else one.proposer),
            TableCell(own.how, (own.learning_rate, own.scaling)),
            count_cell(len(own.allocation.ranks)),
            count_cell(one.params),
            *(TableCell("" if value is None else f"{value:.4f}", (value,)) for value in values),
            word_cell(one.state if one.failure is None else f"failed: {one.failure}"),
            TableCell(f"{one.seconds:.0f}", (one.seconds,)),
        )
        rows.append(TableRow(cells, strong=one.number in front))
    return Table("All trials, the furthest and best first", columns, tuple(rows), "trials")


def _best_first(search: LiveSearch, trials: Sequence[LiveTrial]) -> list[LiveTrial]:
    (_, direction), *_ = search.objectives
    return sorted(trials, key=lambda one: one.place(direction))


def _facts(search: LiveSearch, trials: Sequence[LiveTrial]) -> list[tuple[str, str]]:
    states = [one.state for one in trials]
    ended = ", ".join(f"{states.count(one)} {one}" for one in dict.fromkeys(states))
    steps = counted(sum(one.step for one in trials), "candidate-step")
    whole = f"{len(trials) * search.rungs[-1]:,}"
    return [
        ("model", search.model),
        ("task", search.task),
        ("space", f"{search.title}, {counted(len(search.space.sites), 'site')}"),
        ("budget", f"{search.budget}: {counted(search.max_params, 'parameter')}"),
        ("trials", f"{len(trials)}: {ended}"),
        ("trained", f"{steps}, of {whole} that training all of them to the end would be"),
        ("judged by", f"{search.objective_titles[0]}, after step {', '.join(map(str, search.rungs))}"),
        *([("command", search.command)] if search.command else []),
    ]


def _told(one: LiveTrial) -> str:
    value = "" if one.value is None else f": {one.value:.4f}"
    return f"trial {one.number}, {one.proposer}, {one.configuration.how}{value}"


def _map(one: LiveTrial, drawn: SearchSpace) -> PagePicture:
    data = BytesIO()
    rank_map(one.configuration.allocation, drawn).save(data, format="PNG")
    told = _told(one)
    return page_picture(data.getvalue(), caption=told, finding=f"Rank of every site, layer by role: {told}")
