"""One comparison from its arms to its leaderboard: tune, train, rank, draw, save."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.adapters.adapter import save_adapter
from evaluators.adapters.story import Story
from evaluators.data.task import Task
from evaluators.store.whole_file import write_whole
from search.job.prepare import announce
from search.job.progress import Progress, silent
from search.job.run_names import CANDIDATES
from search.job.texts import Writers, Writing, write_answers, write_texts
from search.show.sheet import Sheet
from spaces.errors import InputError

from .arm_training import Chosen, Planned, report, tune
from .arms_mirror import ArmsShown, unshown
from .grid_point import GridPoint
from .leaderboard import Leaderboard, baseline_of
from .leaderboard_plot import draw_leaderboard
from .leaderboard_table import leaderboard_samples, leaderboard_sheet
from .maps import draw_maps
from .questions import Finding, findings
from .standing import ArmRuns, Standing, standings
from .story import arm_story
from .terms import Terms
from .verdict import comparison_verdict

__all__ = ["Comparison", "compare_arms", "write_comparison"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What came of it: the leaderboard, arm by arm what was chosen for it and its runs, and what these wrote;
    None where they were not asked to."""

    board: Leaderboard
    chosen: tuple[Chosen, ...]
    runs: tuple[ArmRuns, ...]
    writing: Writing | None = None

    @property
    def text(self) -> str:
        """What a person reads of it: the table, and samples below it."""
        return "\n".join(filter(None, (self.sheet.text, self.samples)))

    @property
    def sheet(self) -> Sheet:
        """What is known of it, in our own words."""
        return leaderboard_sheet(self.board)

    @property
    def samples(self) -> str:
        """What was written, if anything was."""
        return leaderboard_samples(self.board)


def compare_arms(
    plans: Sequence[Sequence[Planned]],
    terms: Terms,
    seeds: Sequence[int],
    folder: Path,
    *,
    shown: ArmsShown = unshown,
    progress: Progress = silent,
) -> Comparison:
    """Trains planned arms and ranks them.

    Args:
        plans: each arm, under every scaling that differs for it.
        terms: what they share.
        seeds: that are reported.
        folder: made where it is not there; runs that it holds are read.
        shown: where the arms are seen while they train.
        progress: of tuning and of training.

    Raises InputError where every run failed.
    """
    folder.mkdir(exist_ok=True)
    rates = dict.fromkeys(rate for arm in plans for one in arm for rate in one.learning_rates)
    announce(plans[0][0].job, folder, rates=[*rates], scalings=terms.scalings)
    chosen, grid = tune(plans, terms, folder, progress=progress)
    with shown(chosen, seeds) as machine:
        runs = report(chosen, seeds, folder, machine, progress=progress)
    writers = [
        Writers(one.planned.arm.label, one.planned.on("test"), own.runs)
        for one, own in zip(chosen, runs, strict=True)
    ]
    writing = write_texts(writers, terms.ground, folder / CANDIDATES, progress=progress)
    board = _board(runs, grid, chosen, seeds, folder, writing)
    if not any(one.metric for one in board.standings):
        raise InputError(f"every run failed, the first because {board.standings[0].failures[0]}")
    return Comparison(board, tuple(chosen), tuple(runs), writing)


def write_comparison(comparison: Comparison, folder: Path, *, command: str | None = None) -> None:
    """Writes all that is known of the arms: tables, pictures and adapters.

    command: the line that asked for it, for the adapters' model cards.
    """
    _log.info("saving   tables, pictures and adapters")
    board = comparison.board
    write_whole(folder / "leaderboard.json", json.dumps(board.to_json(), indent=2))
    write_whole(folder / "leaderboard.txt", comparison.text + "\n")
    comparison.sheet.write(folder, "leaderboard")
    write_answers(comparison.writing, folder)
    draw_leaderboard(board, folder / "leaderboard.png")
    for one, own in zip(comparison.chosen, comparison.runs, strict=True):
        draw_maps(own, one.planned.job.space, folder)
        _save(own, one.planned, folder / "adapters", arm_story(board, own.arm.label, command=command))


def _board(
    runs: Sequence[ArmRuns],
    grid: Sequence[GridPoint],
    chosen: Sequence[Chosen],
    seeds: Sequence[int],
    output: Path,
    writing: Writing | None,
) -> Leaderboard:
    job, baseline = chosen[0].planned.job, baseline_of([one.arm for one in runs])
    task, recipe, objective = job.task, job.recipe, job.task.objective
    ranked = standings(runs, baseline, direction=objective.direction)
    found = findings(runs, ranked, baseline, direction=objective.direction)
    return Leaderboard(
        verdict=_verdict(task, runs, ranked, found),
        model=job.model_title,
        task=task.name,
        metric=objective.metric,
        metric_title=objective.metric_title,
        direction=objective.direction,
        positive_label=objective.metric_label,
        notes=task.notes,
        rows={"train": len(task.train), "validation": len(task.validation), "test": len(task.test)},
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        seeds=tuple(seeds),
        device=job.machine.devices[0],
        baseline=baseline,
        standings=tuple(ranked),
        findings=tuple(found),
        grid=tuple(grid),
        output=output,
        text=None if writing is None else writing.record,
    )


def _verdict(
    task: Task, runs: Sequence[ArmRuns], ranked: Sequence[Standing], found: Sequence[Finding]
) -> str:
    return comparison_verdict(
        runs,
        ranked,
        next((one for one in found if one.label is not None), None),
        baseline_of([one.arm for one in runs]),
        metric=task.objective.metric_title,
        direction=task.objective.direction,
        chance=task.objective.chance(task.test.labels),
        test_rows=len(task.test),
    )


def _save(own: ArmRuns, planned: Planned, folder: Path, story: Story) -> None:
    """The adapter of the arm's first seed, where it ends as one and that run finished."""
    first = own.runs[0]
    if first.evaluation.failure is not None or not planned.adapter:
        return
    job = planned.job
    folder.mkdir(exist_ok=True)
    save_adapter(
        folder / own.arm.file_name,
        first,
        model=job.model,
        sites=job.space.sites,
        recipe=planned.workload.recipe,
        base=job.base,
        objective=job.task.objective,
        rows=job.task.validation,
        story=story,
    )
