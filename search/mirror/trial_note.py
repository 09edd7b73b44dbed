"""What is told of a trial beside it, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from evaluators.adapters.markdown import escaped, markdown_table
from search.live.live_trial import LiveTrial
from search.live.watcher import LiveSearch
from search.show.number_format import with_interval
from search.show.sheet import Sheet
from spaces.allocation import Allocation
from spaces.counted import counted

from .shown import Aim

__all__ = ["finalist_note", "loading_note", "no_result", "seeds_note", "sheet_note", "size_of", "trial_note"]

_CODE: Final = re.compile(r"```python\n.*?```", re.DOTALL)
_ANY_FOLDER: Final = "path/to/this/folder"


def trial_note(trial: LiveTrial, search: LiveSearch, beside: LiveTrial | None) -> str:
    """Who proposed a trial, what it trains, how it was judged, and how that compares.

    beside: the best baseline so far that was judged at its last rung.
    """
    own, used = trial.configuration, f"{trial.params / search.max_params:.1%} of the budget"
    lines = [
        f"**{escaped(trial.proposer)}**{', a baseline' if trial.baseline else ''}: {own.how}",
        f"{size_of(own.allocation, trial.params)}, {used}",
    ]
    if trial.reports:
        rows = [
            [f"{one.step} of {one.of_steps}", f"{one.loss:.4f}", f"{one.metric:.4f}"] for one in trial.reports
        ]
        lines.append(markdown_table([["step", "loss", search.metric], *rows]))
    if beside is not None and trial.reports:
        lines.append(_against(trial, beside, search))
    if trial.failure is not None:
        lines.append(f"It failed: {escaped(trial.failure)}")
    return "\n\n".join(lines)


def size_of(allocation: Allocation, params: int) -> str:
    """How many sites have a wire, and what all wires cost. params: parameters."""
    return f"{counted(len(allocation.ranks), 'site')} on, {counted(params, 'parameter')}"


def seeds_note(who: str, what: str, aim: Aim, rows: str, *, seeds: int) -> str:
    """A line on a trial of several seeds, whose value is the mean over them.

    who: proposed or names it. what: is trained. aim: of the study. rows: which the metric is of, counted.
    """
    better = "less" if aim.direction == "minimize" else "more"
    judged = f"mean {escaped(aim.name)} on {rows} over {counted(seeds, 'seed')}, {better} is better"
    return f"**{escaped(who)}**: {what}; {judged}"


def _against(trial: LiveTrial, beside: LiveTrial, search: LiveSearch) -> str:
    last, name = trial.reports[-1], search.objective_titles[0]
    done = counted(last.step, "step")
    other = next(one for one in beside.reports if one.rung == last.rung)
    if beside.number == trial.number:
        return f"No baseline is ahead of it after {done}."
    less = ", less is better," if search.objectives[0][1] == "minimize" else ""
    return (
        f"{last.value - other.value:+.4f} in {name}{less} to the best baseline after {done}: "
        f"trial {beside.number}, {escaped(beside.proposer)}, {beside.configuration.how}."
    )


def finalist_note(finalist: Mapping[str, Any], metric: str) -> str:
    """How a finalist did over all seeds, where it was trained anew.

    finalist: as ``result.json`` has one.
    """
    rows = [
        [seed, "failed" if value is None else f"{value:.4f}"] for seed, value in finalist["metrics"].items()
    ]
    lines = [f"**A finalist**, trained anew over {counted(len(rows), 'seed')}:"]
    if (apart := finalist["difference"]) is not None:
        amount = with_interval(apart["mean"], apart["low"], apart["high"], 4)
        lines.append(f"{amount} in {metric} to the best baseline, seed by seed.")
    lines.append(markdown_table([["seed", metric], *rows]))
    return "\n\n".join(lines)


def sheet_note(sheet: Sheet) -> str:
    """The note of a study: the answer first, then the tables, which a page of any width lays out."""
    headline = f"**{escaped(sheet.headline)}**"
    return f"{headline}\n\n{replace(sheet, headline='').markdown}".rstrip()


def no_result(reason: str) -> Sheet:
    """What is told of a search that ended without one."""
    return Sheet(f"No result: {reason}.", ())


def loading_note(adapter: Path) -> str:
    """The lines that load an adapter, as its model card has them, without a machine's paths; empty where
    there is none."""
    card = adapter / "README.md"
    found = _CODE.search(card.read_text(encoding="utf-8")) if card.exists() else None
    if found is None:
        return ""
    own = f"{adapter.parent.resolve().name}/{adapter.name}"
    return f"Its adapter is in `{own}`:\n\n{found[0].replace(_ANY_FOLDER, f'path/to/{own}')}"
